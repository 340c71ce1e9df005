import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Redis } from 'ioredis';
import { ConnectionLostError, RedisReplyError, type RedisConnection } from '@ars/redis-protocol';
import { startProxy, requestContains, type FaultProxy } from '../../../tests/support/proxy.js';
import { waitFor } from '../../../tests/support/wait.js';
import { connectOnce } from '../src/one-life-connection.js';
import { freshTag } from './support/round-trip.js';

let direct: Redis;
beforeAll(() => {
  direct = new Redis(inject('redisUrl'));
});
afterAll(() => direct.disconnect());

async function through(work: (connection: RedisConnection, proxy: FaultProxy) => Promise<void>): Promise<void> {
  await using proxy = await startProxy(Number(new URL(inject('redisUrl')).port));
  const connection = await connectOnce({ host: '127.0.0.1', port: proxy.port }, 1000);
  try {
    await work(connection, proxy);
  } finally {
    connection.close();
  }
}

/** Commands whose reply gets lost, and how often they ran. */
const CASES: [string, (key: string) => string[]][] = [
  ['INCR', (key) => ['INCR', key]],
  ['EVAL', (key) => ['EVAL', "return redis.call('INCR', KEYS[1])", '1', key]],
];

describe('a connection', () => {
  test.each(CASES)('never sends %s again when its reply was lost', async (_, command) => {
    await through(async (connection, proxy) => {
      const key = freshTag();
      const lost = proxy.loseNextReply(requestContains(key));
      await expect(connection.send(command(key))).rejects.toBeInstanceOf(ConnectionLostError);
      await lost;
      await expect(connection.send(['PING'])).rejects.toBeInstanceOf(ConnectionLostError);
      expect(await direct.get(key)).toBe('1');
      expect(proxy.accepted).toBe(1);
      await direct.del(key);
    });
  });

  test('never sends a known script again when its reply was lost', async () => {
    const sha = (await direct.script('LOAD', "return redis.call('INCR', KEYS[1])")) as string;
    await through(async (connection, proxy) => {
      const key = freshTag();
      const lost = proxy.loseNextReply(requestContains('EVALSHA'));
      await expect(connection.send(['EVALSHA', sha, '1', key])).rejects.toBeInstanceOf(ConnectionLostError);
      await lost;
      expect(await direct.get(key)).toBe('1');
      await direct.del(key);
    });
  });

  test('rejects everything pending when the link is cut, and stays dead', async () => {
    await through(async (connection, proxy) => {
      const stream = freshTag();
      const pending = [connection.send(['XREAD', 'BLOCK', '0', 'STREAMS', stream, '0']), connection.send(['PING'])];
      const settled = Promise.allSettled(pending);
      proxy.cutAll();
      for (const result of await settled)
        expect(result).toMatchObject({ reason: expect.any(ConnectionLostError) as Error });
      await expect(connection.send(['PING'])).rejects.toBeInstanceOf(ConnectionLostError);
      expect(proxy.accepted).toBe(1);
    });
  });

  test('is closed at once, also when the other side has gone silent', async () => {
    await through(async (connection, proxy) => {
      proxy.blackhole(true);
      const pending = connection.send(['PING']).catch((error: unknown) => error);
      const closedAt = performance.now();
      connection.close();
      expect(await pending).toBeInstanceOf(ConnectionLostError);
      expect(performance.now() - closedAt).toBeLessThan(300);
      await waitFor(() => proxy.connections === 0, 'the socket to be gone');
    });
  });

  test('answers in the shape of RESP2, strings as bytes', async () => {
    await through(async (connection) => {
      const key = freshTag();
      expect(await connection.send(['HSET', key, 'f', Uint8Array.of(255, 0)])).toBe(1);
      expect(await connection.send(['HGETALL', key])).toEqual([Buffer.from('f'), Buffer.from([255, 0])]);
      expect(await connection.send(['GET', `${key}x`])).toBeNull();
      expect(await connection.send(['PING'])).toEqual(Buffer.from('PONG'));
      await direct.del(key);
    });
  });

  test("passes a server's error on as its text alone", async () => {
    await through(async (connection) => {
      const key = freshTag();
      await connection.send(['SET', key, 'secret-value']);
      const error = await connection.send(['HSET', key, 'f', 'secret-value']).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RedisReplyError);
      expect((error as Error).message).toMatch(/^WRONGTYPE /);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('secret-value');
      await direct.del(key);
    });
  });
});
