import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { RawClient, encode } from '../harness/raw-client.mjs';

/**
 * What the hand-written loops need of a client, each written as its library wants to be used: `read` resolves with
 * [id, [field, value, …]] entries, `commit` runs the checking script, `transact` a MULTI of one message.
 */
export function connect(client, url) {
  if (client === 'ioredis') return connectIoredis(url);
  return client === 'node-redis' ? connectNodeRedis(url) : connectRaw(url);
}

async function connectIoredis(url) {
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0 });
  await redis.connect();
  return {
    read: async (stream, position, count) => {
      const reply = await redis.xread('COUNT', count, 'STREAMS', stream, position);
      return reply === null ? [] : reply[0][1];
    },
    wait: async (stream, position, count) => {
      const reply = await redis.xread('COUNT', count, 'BLOCK', 1_000, 'STREAMS', stream, position);
      return reply === null ? [] : reply[0][1];
    },
    readGroup: async (stream, group, count) => {
      const reply = await redis.xreadgroup('GROUP', group, 'one', 'COUNT', count, 'STREAMS', stream, '>');
      return reply === null ? [] : reply[0][1];
    },
    load: (script) => redis.script('LOAD', script),
    commit: (sha, keys, args) => redis.evalsha(sha, keys.length, ...keys, ...args),
    transact: async (commands) => {
      const answers = await redis.multi(commands.map(([name, ...args]) => [name.toLowerCase(), ...args])).exec();
      for (const [error] of answers) if (error) throw error;
    },
    call: (...args) => redis.call(...args),
    close: () => redis.disconnect(),
  };
}

async function connectNodeRedis(url) {
  const redis = createClient({ url, commandOptions: { timeout: 0 } });
  redis.on('error', () => {});
  await redis.connect();
  return {
    read: async (stream, position, count) =>
      entriesOf(await redis.xRead({ key: stream, id: position }, { COUNT: count })),
    wait: async (stream, position, count) =>
      entriesOf(await redis.xRead({ key: stream, id: position }, { COUNT: count, BLOCK: 1_000 })),
    readGroup: async (stream, group, count) =>
      entriesOf(await redis.xReadGroup(group, 'one', { key: stream, id: '>' }, { COUNT: count })),
    load: (script) => redis.scriptLoad(script),
    commit: (sha, keys, args) => redis.evalSha(sha, { keys, arguments: args }),
    transact: async (commands) => {
      const multi = redis.multi();
      for (const command of commands) multi.addCommand(command.map(String));
      await multi.exec();
    },
    call: (...args) => redis.sendCommand(args),
    close: () => redis.destroy(),
  };
}

/** node-redis gives each message as an object already. */
function entriesOf(reply) {
  return reply === null ? [] : reply[0].messages.map(({ id, message }) => [id, message]);
}

async function connectRaw(url) {
  const raw = await RawClient.connect(url);
  const read = async (...args) => {
    const reply = await raw.call(...args);
    return reply === null ? [] : reply[0][1];
  };
  return {
    read: (stream, position, count) => read('XREAD', 'COUNT', String(count), 'STREAMS', stream, position),
    wait: (stream, position, count) =>
      read('XREAD', 'COUNT', String(count), 'BLOCK', '1000', 'STREAMS', stream, position),
    load: (script) => raw.call('SCRIPT', 'LOAD', script),
    commit: (sha, keys, args) => raw.send(encode(['EVALSHA', sha, String(keys.length), ...keys, ...args])),
    transact: async (commands) => {
      const all = [['MULTI'], ...commands, ['EXEC']].map((command) => encode(command.map(String)));
      const answers = await Promise.all(all.map((command) => raw.send(command)));
      if (answers.at(-1) === null) throw new Error('EXEC was refused');
    },
    call: (...args) => raw.call(...args),
    close: () => raw.close(),
  };
}
