import { parseArgs } from 'node:util';

const USAGE = `node benchmarks/run.mjs [options]
  --quick               few messages and rounds: does it work, and roughly where does it stand
  --only <name>         one benchmark (may be repeated); --list names them
  --rounds <n>          alternating rounds; default 5, quick 2
  --messages <n>        messages a run of the fast contenders; default 600,000, quick 100,000
  --client <name>       ioredis or node-redis; default both
  --pin                 client and server on one core (taskset)
  --list                names the benchmarks`;

/** Reads the command line; prints the usage and exits for what it does not know. */
export function readOptions(argv) {
  try {
    const { values } = parseArgs({
      args: argv,
      options: {
        quick: { type: 'boolean' },
        pin: { type: 'boolean' },
        list: { type: 'boolean' },
        help: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        rounds: { type: 'string' },
        messages: { type: 'string' },
        client: { type: 'string' },
      },
    });
    if (values.help) throw new Error('Options:');
    const clients = values.client === undefined ? ['ioredis', 'node-redis'] : [values.client];
    if (!clients.every((client) => client === 'ioredis' || client === 'node-redis'))
      throw new Error(`--client takes ioredis or node-redis, not ${values.client}.`);
    return {
      quick: values.quick === true,
      pin: values.pin === true,
      list: values.list === true,
      only: values.only,
      clients,
      rounds: count('rounds', values.rounds, values.quick ? 2 : 5),
      messages: count('messages', values.messages, values.quick ? 100_000 : 600_000),
    };
  } catch (error) {
    console.error(`${error.message}\n\n${USAGE}`);
    process.exit(1);
  }
}

function count(name, given, otherwise) {
  if (given === undefined) return otherwise;
  const value = Number(given);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1 on.`);
  return value;
}
