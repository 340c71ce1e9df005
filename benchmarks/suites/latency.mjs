import { short } from '../harness/format.mjs';
import { alternate, failures } from '../harness/rounds.mjs';
import { percentile, summary } from '../harness/statistics.mjs';

/** Before anything is measured, a consumer handles some thousands of messages: a process that has just begun runs slowly. */
const WARM_UP = { rate: 500, seconds: 6 };

const SHARES = { p50: 0.5, p99: 0.99, 'p99.9': 0.999 };

/** How long a message takes from its XADD to its commit being visible to another connection. */
export const latency = {
  name: 'latency',
  title: 'Latency',
  async run(context) {
    const { clients } = context.options;
    const capacity = await capacities(context);
    const contestants = [
      { title: 'floor: XADD seen by another connection', load: 'light', rate: 100, publishEvery: 1 },
    ];
    for (const client of clients) {
      const half = Math.round(capacity[`naive-${client}`] / 2);
      for (const [load, rate] of [
        ['light', 100],
        ['half', half],
      ])
        for (const contender of ['ars', 'naive'])
          contestants.push({
            title: `${contender}, ${client}, ${rate}/s`,
            contender,
            client,
            load,
            rate,
            publishEvery: 1,
          });
      const own = Math.round(capacity[`ars-${client}`] / 2);
      const title = `ars, ${client}, half of its own capacity, ${own}/s`;
      contestants.push({ title, contender: 'ars', client, load: 'own', rate: own, publishEvery: 100 });
    }
    const entries = await alternate(context.options.rounds, contestants, (entry, round) => once(context, entry, round));
    return {
      tables: [tableOf(entries)],
      charts: [chartOf(entries)],
      checks: clients.flatMap((client) => checksOf(entries, client)),
      notes: [...failures(entries), ...missing(entries), 'Percentiles are over all rounds.'],
    };
  },
};

/** What the naive loop and the library can do here and now, with one published message a message for the naive one. */
async function capacities(context) {
  return context.withServer({}, async ({ url, fill }) => {
    await fill('fast', { messages: 200_000 });
    await fill('slow', { messages: 8_000 });
    const found = {};
    for (const client of context.options.clients) {
      for (const contender of ['ars', 'naive']) {
        const isFast = contender === 'ars';
        const id = `${contender}-${client}`;
        const { rate } = await context.inChild('contenders/throughput-run.mjs', 'throughputRun', {
          contender,
          client,
          url,
          id,
          out: `out-${id}`,
          stream: isFast ? 'fast' : 'slow',
          messages: isFast ? 100_000 : 4_000,
          publishEvery: isFast ? 100 : 1,
          warmMessages: isFast ? 100_000 : 4_000,
        });
        found[id] = rate;
      }
    }
    return found;
  });
}

async function once(context, { contender, client, rate, publishEvery }, round) {
  const seconds = context.options.quick ? 4 : 15;
  return context.withServer({}, async ({ url }) => {
    const out = contender === undefined ? 'in' : 'out';
    const shared = { url, stream: 'in', out, publishEvery };
    const consumer =
      contender === undefined
        ? undefined
        : context.startChild('contenders/latency-run.mjs', 'consumeForever', {
            ...shared,
            contender,
            client,
            id: `latency-${round}`,
          });
    try {
      if (consumer !== undefined && (await consumer.heard()) !== 'ready') throw new Error('the consumer did not start');
      const probe = (load) => context.inChild('contenders/latency-run.mjs', 'probe', { ...shared, ...load });
      if (consumer !== undefined) await probe(WARM_UP);
      return await probe({ rate, seconds });
    } finally {
      consumer?.kill();
    }
  });
}

function tableOf(entries) {
  const rows = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => {
      const all = entry.results.flatMap(({ latencies }) => latencies);
      return [entry.title, ...Object.values(SHARES).map((share) => short(percentile(all, share))), short(all.length)];
    });
  return {
    title: 'Milliseconds from XADD to the commit being visible',
    columns: ['', ...Object.keys(SHARES), 'samples'],
    rows,
  };
}

function chartOf(entries) {
  const bars = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => ({ label: entry.title, ...summary(perRound(entry, 0.5)) }));
  return { kind: 'bars', title: 'Latency p50 (ms)', bars };
}

function checksOf(entries, client) {
  const find = (contender, load) =>
    entries.find((entry) => entry.contender === contender && entry.client === client && entry.load === load);
  return ['light', 'half'].flatMap((load) => {
    const [own, other] = [find('ars', load), find('naive', load)];
    const check = (name, must) => ({
      what: `latency ${name}, ${own.rate}/s, ${client}: ÷ naive safe loop`,
      must,
      aim: 1,
      sense: '≤',
      value: ratio(own, other, SHARES[name]),
    });
    return [check('p50', 1.1), check('p99', 1.3)];
  });
}

/** The median is of all samples; the spread is of the rounds. */
function ratio(own, other, share) {
  if (own.results.length === 0 || own.results.length !== other.results.length) return undefined;
  const pooled = (entry) => percentile(entry.results.flatMap(({ latencies }) => latencies), share); // prettier-ignore
  const others = perRound(other, share);
  const each = perRound(own, share).map((value, round) => value / others[round]);
  return { ...summary(each), median: pooled(own) / pooled(other) };
}

function perRound(entry, share) {
  return entry.results.map(({ latencies }) => percentile(latencies, share));
}

function missing(entries) {
  return entries
    .filter(({ results }) => results.some((result) => result.missing > 0))
    .map(
      ({ title, results }) =>
        `${title}: ${results.map((r) => r.missing)} messages were not committed 10 s after the end.`,
    );
}
