import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ConnectionLostError, RedisReplyError, type RedisConnection } from '@ars/redis-protocol';
import { requestContains, startProxy, type FaultProxy } from '../../../../tests/support/proxy.js';
import { waitFor } from '../../../../tests/support/wait.js';
import { Scene } from '../support/fixture.js';
import { freshTag } from './round-trip.js';
import { connectionTo, type AdapterUnderTest } from './under-test.js';

type Work = (connection: RedisConnection, proxy: FaultProxy) => Promise<void>;

/** What `RedisConnection` promises: one socket's life, each command sent once, replies as bytes. */
export function describeConnections(adapter: AdapterUnderTest): void {
  describe('a connection', () => {
    let direct: Scene;
    beforeAll(async () => {
      direct = await Scene.open(inject('redisUrl'));
    });
    afterAll(() => direct.close());

    const through = async (work: Work): Promise<void> => {
      await using proxy = await startProxy(Number(new URL(inject('redisUrl')).port));
      const connection = await connectionTo(adapter, { host: '127.0.0.1', port: proxy.port });
      try {
        await work(connection, proxy);
      } finally {
        connection.close();
      }
    };
    testLostReplies(through, () => direct);
    testEnds(through);
    testReplies(through, () => direct);
  });
}

const INCREMENT = "return redis.call('INCR', KEYS[1])";

function testLostReplies(through: (work: Work) => Promise<void>, direct: () => Scene): void {
  test.each<[string, (key: string) => Promise<string[]>]>([
    ['a command', async (key) => ['INCR', key]],
    ['a script', async (key) => ['EVAL', INCREMENT, '1', key]],
    [
      'a known script',
      async (key) => ['EVALSHA', (await direct().do('SCRIPT', 'LOAD', INCREMENT)) as string, '1', key],
    ],
  ])('never sends %s again when its reply was lost', async (_, command) => {
    await through(async (connection, proxy) => {
      const key = freshTag();
      const lost = proxy.loseNextReply(requestContains(key));
      await expect(connection.send(await command(key))).rejects.toBeInstanceOf(ConnectionLostError);
      await lost;
      await expect(connection.send(['INCR', key])).rejects.toBeInstanceOf(ConnectionLostError);
      expect(await direct().do('GET', key)).toBe('1');
      expect(proxy.accepted).toBe(1);
      await direct().do('DEL', key);
    });
  });
}

function testEnds(through: (work: Work) => Promise<void>): void {
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

  test('knows that it has ended, also when nothing was pending', async () => {
    await through(async (connection, proxy) => {
      expect(connection.isOpen).toBe(true);
      await connection.send(['PING']);
      expect(connection.isOpen).toBe(true);
      proxy.cutAll();
      await waitFor(() => !connection.isOpen, 'the connection to see its end');
      await expect(connection.send(['PING'])).rejects.toBeInstanceOf(ConnectionLostError);
    });
  });

  test('knows that it was closed', async () => {
    await through(async (connection) => {
      connection.close();
      await waitFor(() => !connection.isOpen, 'the connection to end');
    });
  });

  test('is closed at once, also when the other side has gone silent', async () => {
    await through(async (connection, proxy) => {
      proxy.blackhole(true);
      const pending = connection.send(['PING']).catch((error: unknown) => error);
      const closedAt = performance.now();
      connection.close();
      connection.close();
      expect(await pending).toBeInstanceOf(ConnectionLostError);
      expect(performance.now() - closedAt).toBeLessThan(300);
      await waitFor(() => proxy.connections === 0, 'the socket to be gone');
    });
  });
}

function testReplies(through: (work: Work) => Promise<void>, direct: () => Scene): void {
  test('answers in the shape of RESP2, strings as bytes', async () => {
    await through(async (connection) => {
      const key = freshTag();
      expect(await connection.send(['HSET', key, 'f', Uint8Array.of(255, 0)])).toBe(1);
      expect(await connection.send(['HGETALL', key])).toEqual([Buffer.from('f'), Buffer.from([255, 0])]);
      expect(await connection.send(['GET', `${key}x`])).toBeNull();
      expect(await connection.send(['XREAD', 'STREAMS', `${key}x`, '0'])).toBeNull();
      expect(await connection.send(['PING'])).toEqual(Buffer.from('PONG'));
      await direct().do('DEL', key);
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
      expect(await connection.send(['PING'])).toEqual(Buffer.from('PONG'));
      await direct().do('DEL', key);
    });
  });
}
