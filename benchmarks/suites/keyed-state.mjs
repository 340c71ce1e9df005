import { atMost } from '../harness/checks.mjs';
import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';

/** So many keys' states are kept in memory. */
const CACHED = 10_000;

/**
 * What a message costs when 1,000 or 1,000,000 keys have a state each: with messages of the same 1,000 keys, and with
 * messages of all of them, uniformly random, so that nearly each needs a state that is not in the cache.
 */
export const keyedState = {
  name: 'keyed-state',
  title: 'Keyed state',
  async run(context) {
    const { clients, quick, rounds, messages } = context.options;
    const sizes = quick ? [1_000, 50_000] : [1_000, 1_000_000];
    const [few, many] = sizes;
    const settings = [
      { keys: few, active: few },
      { keys: many, active: few },
      { keys: many, active: many },
    ];
    const contestants = clients.flatMap((client) =>
      settings.map(({ keys, active }) => ({
        title: `${keys} keys, ${active} in use, ${client}`,
        client,
        keys,
        active,
      })),
    );
    const entries = await alternate(Math.min(rounds, 3), contestants, ({ client, keys, active }) =>
      context.withServer({}, async ({ url }) => {
        const shared = { url, client, maxKeys: CACHED };
        await context.inChild('contenders/keyed-run.mjs', 'keyedFill', { ...shared, keys });
        const input = { ...shared, active, messages };
        return context.inChild('contenders/keyed-run.mjs', 'keyedRun', input, { nodeArgs: ['--expose-gc'] });
      }),
    );
    const find = (client, keys, active) =>
      entries.find((entry) => entry.client === client && entry.keys === keys && entry.active === active);
    const check = (client, active, what) =>
      atMost(
        `${many} keyed states ÷ ${few}, ${what}, ${client}: cost a message`,
        find(client, many, active),
        find(client, few, few),
        { must: 1.15, aim: 1.05, name: 'totalUs' },
      );
    return {
      tables: [tableOf(entries)],
      charts: [],
      checks: clients.flatMap((client) => [
        check(client, few, `the same ${few} in use`),
        check(client, many, 'all in use'),
      ]),
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
  return { title: 'Keyed state, keys in use uniformly random', columns, rows };
}
