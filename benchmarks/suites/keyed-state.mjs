import { atMost } from '../harness/checks.mjs';
import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';

/** What a message costs when 1,000 or 1,000,000 keys have a state each, uniformly random. */
export const keyedState = {
  name: 'keyed-state',
  title: 'Keyed state',
  async run(context) {
    const { clients, quick, rounds, messages } = context.options;
    const sizes = quick ? [1_000, 50_000] : [1_000, 1_000_000];
    const contestants = clients.flatMap((client) =>
      sizes.map((keys) => ({ title: `${keys} keys, ${client}`, client, keys })),
    );
    const entries = await alternate(Math.min(rounds, 3), contestants, ({ client, keys }) =>
      context.withServer({}, ({ url }) =>
        context.inChild(
          'contenders/keyed-run.mjs',
          'keyedRun',
          { url, client, keys, messages, maxKeys: 10_000 },
          { nodeArgs: ['--expose-gc'] },
        ),
      ),
    );
    const find = (keys, client) => entries.find((entry) => entry.keys === keys && entry.client === client);
    return {
      tables: [tableOf(entries)],
      charts: [],
      checks: clients.map((client) =>
        atMost(
          `${sizes[1]} keyed states ÷ ${sizes[0]}, ${client}: cost a message`,
          find(sizes[1], client),
          find(sizes[0], client),
          { must: 1.15, aim: 1.05, name: 'totalUs' },
        ),
      ),
      notes: [...failures(entries), 'The cost a message is the CPU of client and server. The cache holds 10,000 keys.'],
    };
  },
};

function tableOf(entries) {
  const rows = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => [
      entry.title,
      spread(summary(series(entry, 'rate'))),
      ...['clientUs', 'serverUs', 'startMs'].map((name) => short(median(series(entry, name)))),
      short(median(series(entry, 'rss')) / 1e6),
      short(median(series(entry, 'heapGrowth')) / 1e6),
    ]);
  const columns = ['', 'messages/s', 'client µs', 'server µs', 'start ms', 'rss MB', 'heap growth MB'];
  return { title: 'Keyed state, keys uniformly random', columns, rows };
}
