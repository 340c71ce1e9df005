import { CONTENDERS } from '../contenders/contenders.mjs';
import { atLeast, figureAtMost } from '../harness/checks.mjs';
import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';
import { WORKLOADS } from '../workload.mjs';

const TARGETS = {
  adaptive: { ioredis: { must: 1, aim: 2 }, 'node-redis': { must: 1, aim: 1.3 } },
  raw: { ioredis: { must: 0.5, aim: 1 }, 'node-redis': { must: 0.8, aim: 1 } },
};
/** Microseconds of server CPU a message: on ioredis short entries are read packed, which costs the server more. */
const SERVER_US = { ioredis: { W10: 2.2, W100: 3.2 }, 'node-redis': { W10: 1.2, W100: 2.4 } };
/** BullMQ's best is told apart by trying. */
const CONCURRENCIES = [1, 50, 200];

/** Messages a second, and what a message costs client and server, against what one would write or pick instead. */
export const throughput = {
  name: 'throughput',
  title: 'Throughput',
  async run(context) {
    const tables = [];
    const charts = [];
    const checks = [];
    const notes = ['Every run was checked: the stock and the number of published messages are exact.'];
    for (const [workload, publishEvery] of Object.entries(WORKLOADS)) {
      const entries = await measure(context, workload, publishEvery);
      tables.push(tableOf(workload, entries));
      charts.push(chartOf(workload, entries));
      checks.push(...checksOf(context.options.clients, workload, entries));
      notes.push(...failures(entries));
    }
    return { tables, charts, checks, notes };
  },
};

async function measure(context, workload, publishEvery) {
  const { options } = context;
  const slow = Math.max(1_000, Math.floor(options.messages / 80));
  const contestants = contestantsFor(options.clients, workload);
  return context.withServer({}, async ({ url, fill }) => {
    await fill('fast', { messages: options.messages * 2 });
    await fill('slow', { messages: slow * 2 });
    return alternate(options.rounds, contestants, (entry, round) => {
      const { isSlow = false } = CONTENDERS[entry.contender];
      const messages = isSlow ? slow : options.messages;
      const stream = isSlow ? 'slow' : 'fast';
      const id = `${entry.key}-${round}`;
      return context.inChild('contenders/throughput-run.mjs', 'throughputRun', {
        ...entry,
        url,
        stream,
        messages,
        publishEvery,
        warmMessages: messages,
        id,
        out: `out-${id}`,
      });
    });
  });
}

function contestantsFor(clients, workload) {
  const list = [];
  const add = (contender, client, more = {}) => {
    const title = `${CONTENDERS[contender].title}, ${more.detail ?? client}`;
    list.push({ contender, client, title, key: `${contender}-${more.detail ?? client}`.replaceAll(' ', '-'), ...more });
  };
  for (const client of clients) for (const name of ['ars', 'adaptive', 'sequential']) add(name, client);
  add('adaptive', 'raw', { detail: 'raw socket' });
  if (workload !== 'W10') return list;
  for (const client of clients) for (const name of ['naive', 'group']) add(name, client);
  for (const concurrency of CONCURRENCIES)
    add('bullmq', 'ioredis', { concurrency, detail: `concurrency ${concurrency}` });
  return list;
}

function tableOf(workload, entries) {
  const rows = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => [
      entry.title,
      spread(summary(series(entry, 'rate'))),
      short(median(series(entry, 'clientUs'))),
      short(median(series(entry, 'serverUs'))),
      short(median(series(entry, 'rss')) / 1e6),
    ]);
  return { title: workload, columns: ['contender', 'messages/s', 'client µs', 'server µs', 'MB'], rows };
}

function chartOf(workload, entries) {
  const bars = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => ({ label: entry.title, ...summary(series(entry, 'rate')) }));
  return { kind: 'bars', title: `${workload}: messages a second`, bars };
}

function checksOf(clients, workload, entries) {
  const find = (contender, client) => entries.find((entry) => entry.contender === contender && entry.client === client);
  const checks = [];
  for (const client of clients) {
    const library = find('ars', client);
    const against = (what, other, target) =>
      checks.push(atLeast(`${workload} ${client}: ${what}`, library, other, target));
    against('÷ adaptive loop, same client', find('adaptive', client), TARGETS.adaptive[client]);
    against('÷ adaptive loop, raw socket', find('adaptive', 'raw'), TARGETS.raw[client]);
    if (workload === 'W10') {
      against('÷ naive safe loop', find('naive', client), { must: 40, aim: 100 });
      against('÷ BullMQ at its best', bestBullmq(entries), { must: 15, aim: 35 });
    }
    const limit = SERVER_US[client][workload];
    if (limit !== undefined)
      checks.push(
        figureAtMost(`${workload} ${client}: server CPU a message`, library, {
          must: limit,
          name: 'serverUs',
          unit: 'µs',
        }),
      );
  }
  return checks;
}

function bestBullmq(entries) {
  const ran = entries.filter(({ contender, results }) => contender === 'bullmq' && results.length > 0);
  return ran.sort((a, b) => median(series(b, 'rate')) - median(series(a, 'rate')))[0];
}
