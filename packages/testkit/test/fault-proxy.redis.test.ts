import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { startServer } from '../../../tests/support/server.js';
import { type FaultProxy, startFaultProxy } from '../src/index.js';

let proxy: FaultProxy;
let client: Redis;
let key: string;

beforeEach(async () => {
  const { hostname, port } = new URL(inject('redisUrl'));
  proxy = await startFaultProxy(Number(port || 6379), hostname);
  key = `proxy:${crypto.randomUUID()}`;
  client = new Redis(proxy.url, { retryStrategy: null, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false });
  client.on('error', () => {});
});

afterEach(async () => {
  const direct = new Redis(inject('redisUrl'));
  await direct.del(key);
  direct.disconnect();
  client.disconnect();
  await proxy.close();
});

async function stored(): Promise<string | null> {
  const direct = new Redis(inject('redisUrl'));
  const value = await direct.get(key);
  direct.disconnect();
  return value;
}

test('it passes everything on, large values too', async () => {
  const value = 'x'.repeat(300_000);
  await client.set(key, value);
  expect(await client.get(key)).toBe(value);
  expect([proxy.connections, proxy.accepted]).toEqual([1, 1]);
});

test('a lost reply: the server ran the command, the client never learns', async () => {
  await client.ping();
  const lost = proxy.loseNextReply((request) => request.includes('incr'));
  await client.set(key, '1');
  await expect(client.incr(key)).rejects.toThrow();
  await lost;
  expect(await stored()).toBe('2');
});

test('a cut ends open connections, and new ones can be made', async () => {
  await client.ping();
  proxy.cutAll();
  await expect(client.ping()).rejects.toThrow();
  const again = new Redis(proxy.url);
  expect(await again.ping()).toBe('PONG');
  again.disconnect();
});

test('a black hole takes requests and gives no replies', async () => {
  await client.ping();
  proxy.blackhole(true);
  const reply = client.set(key, 'gone').then(
    () => 'replied',
    () => 'failed',
  );
  while ((await stored()) !== 'gone') await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await Promise.race([reply, Promise.resolve('silent')])).toBe('silent');
  proxy.blackhole(false);
  client.disconnect();
  expect(await reply).toBe('failed');
});

test('a delay keeps replies back, in order', async () => {
  await client.ping();
  proxy.delay(60);
  const startedMs = performance.now();
  const replies = await Promise.all([client.set(key, '1'), client.incr(key), client.incr(key)]);
  expect(replies).toEqual(['OK', 2, 3]);
  expect(performance.now() - startedMs).toBeGreaterThan(50);
  proxy.delay(0);
  expect(await client.incr(key)).toBe(4);
});

test('it can lead to another server', async () => {
  const other = await startServer();
  await client.set(key, 'here');
  proxy.retarget(other.port);
  const there = new Redis(proxy.url);
  expect(await there.get(key)).toBeNull();
  there.disconnect();
  await other.stop();
});
