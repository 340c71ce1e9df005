import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';

/** One, two and four consumers of one stream, in one process and in one each: what they handle together. */
export const consumers = {
  name: 'consumers',
  title: 'Several consumers',
  run: (context) =>
    context.withServer({}, async (server) => {
      const { options } = context;
      const messages = Math.min(options.messages, 200_000);
      await server.fill('in', { messages });
      const contestants = options.clients.flatMap((client) =>
        [1, 2, 4].flatMap((count) => [
          { title: `${count} in one process, ${client}`, client, processes: 1, each: count },
          ...(count === 1 ? [] : [{ title: `${count} processes, ${client}`, client, processes: count, each: 1 }]),
        ]),
      );
      const entries = await alternate(options.rounds, contestants, (entry, round) =>
        crowd(context, server, entry, messages, round),
      );
      return { tables: [tableOf(entries)], charts: [chartOf(entries)], checks: [], notes: failures(entries) };
    }),
};

async function crowd(context, server, { title, client, processes, each }, messages, round) {
  const all = Array.from({ length: processes }, (_, index) => {
    const firstId = `${title}-${round}-${index}`.replaceAll(/[^a-z0-9]+/gi, '-');
    const input = { url: server.url, client, stream: 'in', count: each, firstId, publishEvery: 0, out: 'out' };
    return context.inChild('contenders/crowd-run.mjs', 'crowdRun', input);
  });
  const results = await Promise.all(all);
  const handled = messages * processes * each;
  const sum = (name) => results.reduce((total, result) => total + result[name], 0);
  return {
    rate: handled / Math.max(...results.map(({ seconds }) => seconds)),
    clientUs: sum('clientUs') / handled,
    rss: sum('rss'),
  };
}

function tableOf(entries) {
  const rows = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => [
      entry.title,
      spread(summary(series(entry, 'rate'))),
      short(median(series(entry, 'clientUs'))),
      short(median(series(entry, 'rss')) / 1e6),
    ]);
  return {
    title: 'Consumers of one stream, W0; each handles every message; start included, no warm-up',
    columns: ['', 'messages/s together', 'client µs', 'rss MB'],
    rows,
  };
}

function chartOf(entries) {
  const ran = entries.filter(({ results }) => results.length > 0);
  const bars = ran.map((entry) => ({ label: entry.title, ...summary(series(entry, 'rate')) }));
  return { kind: 'bars', title: 'Several consumers: messages a second together', bars };
}
