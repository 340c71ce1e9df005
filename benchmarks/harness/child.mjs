import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ENTRY = fileURLToPath(new URL('child-entry.mjs', import.meta.url));

/** A run that takes longer than this has failed; it must not hold up all others. */
const LIMIT_MS = 300_000;

/** Runs an exported function of a module in a process of its own, and resolves with what it returns. */
export async function runInChild(module, name, input, placement = {}) {
  const child = startChild(module, name, input, placement);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => {
      child.kill();
      reject(new Error(`no result within ${LIMIT_MS / 1_000} s`));
    }, LIMIT_MS);
  });
  return Promise.race([child.result, late]).finally(() => clearTimeout(timer));
}

/**
 * Starts it without waiting. `say` sends the child a message, `heard` resolves with the next message that it sends
 * beside its result, `kill` ends it.
 */
export function startChild(module, name, input, { core, nodeArgs = [] } = {}) {
  const options = { execArgv: [...nodeArgs], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] };
  const args = [new URL(module, new URL('../', import.meta.url)).href, name, JSON.stringify(input)];
  // taskset runs what it is given in its own place, so the IPC channel goes through.
  const child =
    core === undefined
      ? fork(ENTRY, args, options)
      : fork(ENTRY, args, {
          ...options,
          execPath: 'taskset',
          execArgv: ['-c', String(core), process.execPath, ...nodeArgs],
        });
  forwardErrors(child);
  const heard = [];
  const listening = [];
  const result = new Promise((resolve, reject) => {
    child.on('message', (message) => {
      if (message.kind === 'result') resolve(message.value);
      else if (message.kind === 'error') reject(new Error(message.text));
      else if (listening.length > 0) listening.shift()(message.value);
      else heard.push(message.value);
    });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      reject(new Error(`${module} ${name} ended without a result: ${code ?? signal}`)),
    );
  });
  result.catch(() => {});
  return {
    result,
    heard: () =>
      heard.length > 0
        ? Promise.resolve(heard.shift())
        : Promise.race([new Promise((resolve) => listening.push(resolve)), result.then(() => undefined)]),
    say: (value) => child.send(value),
    kill: () => child.kill('SIGKILL'),
  };
}

/** Servers of benchmarks persist nothing on purpose; what consumers say of that once a run is left out. */
function forwardErrors(child) {
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    if (!line.includes('NO_PERSISTENCE')) process.stderr.write(`${line}\n`);
  });
}
