/** The program of every child: runs one exported function and sends back what it returns. */
const [, , module, name, input] = process.argv;

process.once('disconnect', () => process.exit(1));

let message;
try {
  const work = (await import(module))[name];
  if (typeof work !== 'function') throw new Error(`${module} has no function ${name}`);
  message = { kind: 'result', value: await work(JSON.parse(input)) };
} catch (error) {
  message = { kind: 'error', text: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
// Sockets and timers that a contender left open must not keep the child alive; a profile is written at exit.
process.send(message, () => process.exit(0));
