import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Context } from './harness/context.mjs';
import { markdownTable, short } from './harness/format.mjs';
import { RESULTS } from './harness/machine.mjs';
import { WORKLOADS } from './workload.mjs';

const USAGE = `node benchmarks/profile.mjs [options]: where the time of client and server goes
  --contender <name>    ars, adaptive, sequential …; default ars
  --client <name>       ioredis, node-redis or (not ars) raw; default ioredis and node-redis
  --workload <name>     W0, W10 or W100; default all
  --messages <n>        default 500,000
  --batch <n>           messages a batch; default 1,000
  --top <n>             functions to list; default 25`;

const { values } = parseArgs({
  options: {
    contender: { type: 'string', default: 'ars' },
    client: { type: 'string', multiple: true },
    workload: { type: 'string', multiple: true },
    messages: { type: 'string', default: '500000' },
    batch: { type: 'string', default: '1000' },
    top: { type: 'string', default: '25' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(USAGE);
  process.exit(0);
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const context = new Context({ pin: false });
const messages = Number(values.messages);
const folder = join(RESULTS, 'profiles');
for (const workload of values.workload ?? Object.keys(WORKLOADS))
  for (const client of values.client ?? ['ioredis', 'node-redis']) await profile(workload, client);
process.exit(0);

async function profile(workload, client) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await context.withServer({}, async ({ url, fill, call }) => {
    await fill('in', { messages });
    await call('CONFIG', 'RESETSTAT');
    const input = {
      url,
      client,
      contender: values.contender,
      stream: 'in',
      messages,
      publishEvery: WORKLOADS[workload],
      warmMessages: 0,
      batch: Number(values.batch),
      id: 'profiled',
      out: 'out',
    };
    const nodeArgs = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-interval=250'];
    const result = await context.inChild('contenders/throughput-run.mjs', 'throughputRun', input, { nodeArgs });
    console.log(`\n## ${values.contender}, ${client}, ${workload}: client and server, µs a message\n`);
    console.log(
      `${short(result.rate)} messages/s, client ${short(result.clientUs)}, server ${short(result.serverUs)}\n`,
    );
    console.log(`${markdownTable(selfTimes(await newestProfile()))}\n`);
    console.log(markdownTable(commandTimes(await call('INFO', 'commandstats'))));
  });
}

/** The profile is written while the child exits, shortly after its result. */
async function newestProfile() {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const [name] = (await readdir(folder)).filter((file) => file.endsWith('.cpuprofile'));
    const content = name === undefined ? '' : await readFile(join(folder, name), 'utf8');
    if (content.endsWith('}')) return JSON.parse(content);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the child wrote no profile');
}

function selfTimes({ nodes, samples, timeDeltas }) {
  const functions = new Map(nodes.map((node) => [node.id, nameOf(node.callFrame)]));
  const times = new Map();
  for (const [index, id] of samples.entries()) {
    const name = functions.get(id);
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index]);
  }
  times.delete('(idle)');
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  const rows = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, Number(values.top))
    .map(([name, time]) => [name, (time / messages).toFixed(3), `${((time / all) * 100).toFixed(1)}%`]);
  return { columns: ['function (self time)', 'µs', 'share'], rows };
}

function nameOf({ functionName, url, lineNumber }) {
  if (functionName.startsWith('(')) return functionName;
  const file = url.startsWith('file:') ? fileURLToPath(url) : url;
  const short = file
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/packages\//, '')
    .replace(/^.*\/benchmarks\//, 'benchmarks/');
  return `${functionName || '(anonymous)'} ${short}${short === '' ? '' : `:${lineNumber + 1}`}`;
}

/** What commands cost; those that a script calls count beside the script, which contains them. */
function commandTimes(info) {
  const rows = [...info.matchAll(/^cmdstat_(\S+?):calls=(\d+),usec=(\d+)/gm)]
    .map(([, name, calls, time]) => ({ name, calls: Number(calls), time: Number(time) }))
    .filter(({ name }) => !['config|resetstat', 'info', 'ping'].includes(name))
    .sort((a, b) => b.time - a.time)
    .slice(0, 15)
    .map(({ name, calls, time }) => [name, short(calls), (time / messages).toFixed(3), short(time / calls)]);
  return { columns: ['command', 'calls', 'µs a message', 'µs a call'], rows };
}
