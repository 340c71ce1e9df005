import { atLeast } from '../harness/checks.mjs';
import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';

/** Handlers that wait 5 ms: 100 keys at a time against one message after another. */
export const concurrency = {
  name: 'concurrency',
  title: 'Concurrent handlers',
  async run(context) {
    const { clients, quick, rounds } = context.options;
    const contestants = clients.flatMap((client) => [
      { title: `one at a time, ${client}`, client, concurrency: 1, messages: quick ? 200 : 500 },
      { title: `100 at a time, ${client}`, client, concurrency: 100, messages: quick ? 10_000 : 40_000 },
    ]);
    const entries = await alternate(rounds, contestants, ({ client, concurrency: atOnce, messages }) =>
      context.withServer({}, ({ url }) =>
        context.inChild('contenders/concurrency-run.mjs', 'concurrencyRun', {
          url,
          client,
          messages,
          concurrency: atOnce,
        }),
      ),
    );
    const find = (atOnce, client) => entries.find((entry) => entry.concurrency === atOnce && entry.client === client);
    const rows = entries
      .filter(({ results }) => results.length > 0)
      .map((entry) => [entry.title, spread(summary(series(entry, 'rate'))), short(median(series(entry, 'clientUs')))]);
    return {
      tables: [
        { title: 'Handlers that wait 5 ms, every message its own key', columns: ['', 'messages/s', 'client µs'], rows },
      ],
      charts: [],
      checks: clients.map((client) =>
        atLeast(`100 at a time ÷ one at a time, ${client}`, find(100, client), find(1, client), { must: 80 }),
      ),
      notes: failures(entries),
    };
  },
};
