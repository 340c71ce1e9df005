import { atLeast } from '../harness/checks.mjs';
import { compare, comparisonResult } from './comparison.mjs';

/** Client and server on one core, where round trips are cheap and nothing overlaps. */
export const pinned = {
  name: 'pinned',
  title: 'Client and server on one core',
  run: (context) =>
    context.withServer({ core: 0 }, async (server) => {
      const { messages, clients } = withClients(context);
      const slow = Math.max(1_000, Math.floor(messages / 40));
      await server.fill('fast', { messages: messages * 2 });
      await server.fill('slow', { messages: slow * 2 });
      const contestants = clients.flatMap((client) => [
        { title: `ars, ${client}`, contender: 'ars', client, ...warm('fast', messages) },
        { title: `adaptive, ${client}`, contender: 'adaptive', client, ...warm('fast', messages) },
        { title: `naive, ${client}`, contender: 'naive', client, ...warm('slow', slow) },
      ]);
      const entries = await compare(context, server, contestants, { core: 0 });
      const find = (contender, client) => entries.find((e) => e.contender === contender && e.client === client);
      const checks = clients.map((client) =>
        atLeast(`one core, W10 ${client}: ÷ naive safe loop`, find('ars', client), find('naive', client), { must: 15 }),
      );
      return comparisonResult('Client and server on one core, W10', entries, { checks });
    }),
};

/** What an append-only file costs. */
export const durability = {
  name: 'durability',
  title: 'Append-only file',
  async run(context) {
    const { messages, clients } = withClients(context);
    const entries = [];
    for (const aof of ['off', 'everysec', 'always']) {
      await context.withServer({ aof }, async (server) => {
        const slow = Math.max(1_000, Math.floor(messages / 100));
        await server.fill('fast', { messages: messages * 2 });
        await server.fill('slow', { messages: slow * 2 });
        const contestants = clients.flatMap((client) => [
          { title: `${aof}: ars, ${client}`, contender: 'ars', client, ...warm('fast', messages) },
          { title: `${aof}: naive, ${client}`, contender: 'naive', client, ...warm('slow', slow) },
        ]);
        entries.push(...(await compare(context, server, contestants, {})));
      });
    }
    return comparisonResult('Append-only file, W10', entries);
  },
};

/** A handler that returns a promise against one that does not. */
export const handlers = {
  name: 'handlers',
  title: 'Synchronous and asynchronous handlers',
  run: (context) =>
    context.withServer({}, async (server) => {
      const { messages, clients } = withClients(context);
      await server.fill('fast', { messages: messages * 2 });
      const contestants = clients.flatMap((client) => [
        { title: `synchronous, ${client}`, contender: 'ars', client },
        { title: `asynchronous, ${client}`, contender: 'ars', client, isAsync: true },
      ]);
      return comparisonResult('Handlers, W10', await compare(context, server, contestants, warm('fast', messages)));
    }),
};

/** What the process holds at the end of short and of long runs: nothing may grow with the number of messages. */
export const memory = {
  name: 'memory',
  title: 'Memory of the client',
  run: (context) =>
    context.withServer({}, async (server) => {
      const { messages, clients } = withClients(context);
      const contestants = [];
      for (const length of [Math.floor(messages / 3), messages * (context.options.quick ? 1 : 3)]) {
        await server.fill(`in-${length}`, { messages: length });
        for (const client of clients)
          for (const contender of ['ars', 'adaptive'])
            contestants.push({
              title: `${length} messages: ${contender}, ${client}`,
              contender,
              client,
              stream: `in-${length}`,
              messages: length,
            });
      }
      return comparisonResult(
        'Memory after a run, W10',
        await compare(context, server, contestants, { warmMessages: 0 }),
      );
    }),
};

/** As many messages again come before those that are measured. */
function warm(stream, messages) {
  return { stream, messages, warmMessages: messages };
}

function withClients({ options }) {
  return { messages: options.messages, clients: options.clients };
}
