import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type FaultProxy, requestContains, startProxy } from './support/proxy.js';
import { RespClient } from './support/resp.js';
import { waitFor } from './support/wait.js';

const server = new URL(inject('redisUrl'));
const serverPort = Number(server.port || 6379);
const key = `proxy-test:${process.pid}`;

let proxy: FaultProxy;
let direct: RespClient;
let client: RespClient;

beforeEach(async () => {
  proxy = await startProxy(serverPort, server.hostname);
  direct = await RespClient.connect(serverPort, server.hostname);
  client = await RespClient.connect(proxy.port);
  await direct.send('DEL', key);
});

afterEach(async () => {
  client.close();
  direct.close();
  await proxy.close();
});

/** Answers whether `promise` is still open after the server has surely replied to everything sent before. */
async function isStillOpen(promise: Promise<unknown>): Promise<boolean> {
  await direct.send('PING');
  return Promise.race([promise.then(() => false), pause(50, true)]);
}

test('passes requests and replies through', async () => {
  expect(await client.send('SET', key, 'a\r\nb')).toBe('OK');
  expect(await client.send('GET', key)).toBe('a\r\nb');
});

test('passes large values through, cut into many chunks', async () => {
  const large = 'x'.repeat(3_000_000);
  expect(await client.send('SET', key, large)).toBe('OK');
  expect(await client.send('GET', key)).toBe(large);
});

describe('loseNextReply', () => {
  test('lets the server run the command and tells the client nothing', async () => {
    const lost = proxy.loseNextReply();
    await expect(client.send('INCR', key)).rejects.toThrow('connection closed');
    await lost;
    expect(await direct.send('GET', key)).toBe('1');
  });

  test('loses the reply of the request meant, and of none before it', async () => {
    void proxy.loseNextReply(requestContains('INCRBY', key));
    const replies = [
      client.send('PING'),
      client.send('INCR', key),
      client.send('INCRBY', key, 10),
      client.send('PING'),
    ];
    const outcomes = await Promise.allSettled(replies);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(await direct.send('GET', key)).toBe('11');
  });

  test('finds a request that arrives in pieces', async () => {
    void proxy.loseNextReply(requestContains('the-marker'));
    await expect(client.send('SET', key, 'y'.repeat(500_000) + 'the-marker')).rejects.toThrow('connection closed');
    expect(await direct.send('STRLEN', key)).toBe(500_010);
  });

  test('loses one reply only', async () => {
    void proxy.loseNextReply();
    await expect(client.send('PING')).rejects.toThrow('connection closed');
    client = await RespClient.connect(proxy.port);
    expect(await client.send('PING')).toBe('PONG');
  });
});

test('cutAll ends every connection and accepts new ones', async () => {
  const second = await RespClient.connect(proxy.port);
  await waitFor(() => proxy.connections === 2, 'two connections');
  const closed = [once(client.socket, 'close'), once(second.socket, 'close')];
  proxy.cutAll();
  await Promise.all(closed);
  await waitFor(() => proxy.connections === 0, 'no connection');
  client = await RespClient.connect(proxy.port);
  expect(await client.send('PING')).toBe('PONG');
});

describe('blackhole', () => {
  test('keeps the socket open, runs commands, and drops replies', async () => {
    proxy.blackhole(true);
    const reply = client.send('INCR', key);
    await waitFor(async () => (await direct.send('GET', key)) === '1', 'the command to run');
    expect(await isStillOpen(reply)).toBe(true);
    expect(client.socket.destroyed).toBe(false);
    reply.catch(() => {});
  });

  test('a connection that lost a reply never answers with a later one', async () => {
    proxy.blackhole(true);
    const lost = client.send('INCR', key);
    await waitFor(async () => (await direct.send('GET', key)) === '1', 'the command to run');
    await isStillOpen(lost);
    proxy.blackhole(false);
    const later = client.send('INCR', key);
    await waitFor(async () => (await direct.send('GET', key)) === '2', 'the later command to run');
    expect(await isStillOpen(Promise.any([lost, later]))).toBe(true);
    for (const reply of [lost, later]) reply.catch(() => {});

    const fresh = await RespClient.connect(proxy.port);
    expect(await fresh.send('GET', key)).toBe('2');
    fresh.close();
  });
});

test('delay holds replies back and keeps their order', async () => {
  proxy.delay(60);
  const started = performance.now();
  const slow = client.send('INCR', key);
  await waitFor(async () => (await direct.send('GET', key)) === '1', 'the command to run');
  await pause(10);
  proxy.delay(0);
  expect(await Promise.all([slow, client.send('INCR', key)])).toEqual([1, 2]);
  expect(performance.now() - started).toBeGreaterThanOrEqual(55);
});
