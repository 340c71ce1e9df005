import { atMost } from '../harness/checks.mjs';
import { short } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median } from '../harness/statistics.mjs';
import { IN_USE } from '../contenders/state-run.mjs';
import { compare, comparisonResult } from './comparison.mjs';

const CONTENDERS = ['ars', 'adaptive'];

/** What the number of messages a commit is worth. */
export const batchSize = {
  name: 'batch-size',
  title: 'Messages a batch',
  run: (context) =>
    context.withServer({}, async (server) => {
      const entries = [];
      for (const batch of context.options.quick ? [10, 1_000] : [1, 10, 100, 1_000, 5_000]) {
        const messages = Math.min(context.options.messages, batch * 2_000);
        const warmMessages = Math.max(10_000, messages);
        await server.fill(`in-${batch}`, { messages: warmMessages + messages });
        const shared = { stream: `in-${batch}`, messages, batch, warmMessages };
        entries.push(...(await compare(context, server, each(context, `batch ${batch}`), shared)));
      }
      return comparisonResult('Messages a batch, W10', entries);
    }),
};

/** What longer messages cost. */
export const messageSize = {
  name: 'message-size',
  title: 'Size of messages',
  run: (context) =>
    context.withServer({}, async (server) => {
      const entries = [];
      for (const bytes of [100, 1_000, 10_000]) {
        const messages = Math.max(1_000, Math.min(context.options.messages, Math.floor(200_000_000 / bytes)));
        await server.fill('in', { messages: messages * 2, bytes });
        const shared = { stream: 'in', messages, warmMessages: messages };
        entries.push(...(await compare(context, server, each(context, `${bytes} B`), shared)));
        await server.call('DEL', 'in');
      }
      return comparisonResult('Size of messages, W10', entries);
    }),
};

/** Whether entries that were read long ago make the new ones dearer. */
export const streamLength = {
  name: 'stream-length',
  title: 'Length of the stream',
  run: (context) =>
    context.withServer({}, async (server) => {
      const { options } = context;
      const messages = Math.min(options.messages, 100_000);
      const lengths = options.quick ? [10_000, 200_000] : [10_000, 1_000_000];
      for (const length of lengths) await server.fill(`long-${length}`, { messages: length });
      const contestants = lengths.flatMap((length) =>
        options.clients.map((client) => ({ title: `${length} entries before, ${client}`, client, length })),
      );
      const entries = await alternate(options.rounds, contestants, ({ title, client, length }, round) => {
        const id = `${title}-${round}`.replaceAll(/[^a-z0-9]+/gi, '-');
        const input = { url: server.url, client, stream: `long-${length}`, messages, publishEvery: 10 };
        return context.inChild('contenders/length-run.mjs', 'lengthRun', { ...input, id, out: `out-${id}` });
      });
      return comparisonResult('Length of the stream, W10', entries);
    }),
};

/**
 * What a message costs when the state has many attributes, and how long it takes to start with them. The same 1,000 are
 * in use however many there are, since a batch that changes more of them has more to write.
 */
export const stateSize = {
  name: 'state-size',
  title: 'Number of state attributes',
  async run(context) {
    const sizes = context.options.quick ? [1_000, 10_000] : [1, 1_000, 100_000, 1_000_000];
    const contestants = sizes.flatMap((attributes) =>
      context.options.clients.map((client) => ({ title: `${attributes} attributes, ${client}`, attributes, client })),
    );
    const messages = Math.min(context.options.messages, 100_000);
    const rounds = Math.min(context.options.rounds, 3);
    const entries = await alternate(rounds, contestants, ({ attributes, client }) =>
      context.withServer({}, ({ url }) =>
        context.inChild('contenders/state-run.mjs', 'stateSizeRun', { url, client, attributes, messages }),
      ),
    );
    const find = (attributes, client) =>
      entries.find((entry) => entry.attributes === attributes && entry.client === client);
    return {
      tables: [stateTable(entries)],
      charts: context.options.clients.map((client) => ({
        kind: 'lines',
        title: `Client CPU a message by state size, ${client} (µs)`,
        series: [{ name: client, points: sizes.map((size) => [size, middle(find(size, client), 'clientUs')]) }],
      })),
      checks: context.options.clients.map((client) =>
        atMost(
          `${sizes.at(-1)} state attributes ÷ ${IN_USE}, ${client}: client CPU a message`,
          find(sizes.at(-1), client),
          find(IN_USE, client),
          { must: 1.15, aim: 1.05, name: 'clientUs' },
        ),
      ),
      notes: failures(entries),
    };
  },
};

function stateTable(entries) {
  const rows = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => [
      entry.title,
      ...['rate', 'clientUs', 'serverUs', 'startMs'].map((name) => short(middle(entry, name))),
      short(middle(entry, 'rss') / 1e6),
    ]);
  return {
    title: 'Number of state attributes; the handler changes one of them',
    columns: ['', 'messages/s', 'client µs', 'server µs', 'start ms', 'rss MB'],
    rows,
  };
}

function middle(entry, name) {
  return entry === undefined || entry.results.length === 0 ? undefined : median(series(entry, name));
}

function each(context, title) {
  return CONTENDERS.flatMap((contender) =>
    context.options.clients.map((client) => ({ title: `${title}: ${contender}, ${client}`, contender, client })),
  );
}
