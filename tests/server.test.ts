import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { startCluster } from './support/cluster.js';
import { request } from './support/resp.js';
import { startServer } from './support/server.js';

test('a server with an append-only file keeps acknowledged writes through kill -9', async () => {
  await using server = await startServer({ appendonly: true });
  await request(server.port, 'SET', 'k', 'v');
  const firstPid = server.pid;
  await server.kill();
  expect(server.pid).toBeUndefined();
  await expect(request(server.port, 'PING')).rejects.toThrow('ECONNREFUSED');
  await server.restart();
  expect(server.pid).not.toBe(firstPid);
  expect(await request(server.port, 'GET', 'k')).toBe('v');
});

test('a server without one forgets, and leaves no folder behind', async () => {
  const server = await startServer();
  await request(server.port, 'SET', 'k', 'v');
  await server.restart();
  expect(await request(server.port, 'GET', 'k')).toBeNull();
  await server.stop();
  await server.stop();
  expect(existsSync(server.dir)).toBe(false);
});

test('a server with a password counts as up', async () => {
  await using server = await startServer({ args: ['--requirepass', 'secret'] });
  await expect(request(server.port, 'PING')).rejects.toThrow('NOAUTH');
});

test('a server that cannot start says why', async () => {
  await expect(startServer({ args: ['--maxmemory', 'plenty'] })).rejects.toThrow(/maxmemory/);
});

test('a paused server resumes where it was', async () => {
  await using server = await startServer();
  await server.kill('SIGSTOP');
  const reply = request(server.port, 'PING');
  await server.kill('SIGCONT');
  expect(await reply).toBe('PONG');
});

test('a cluster of one node serves every slot, also after a restart', async () => {
  await using server = await startCluster({ appendonly: true });
  expect(await request(server.port, 'SET', '{a}k', 'v')).toBe('OK');
  expect(await request(server.port, 'SET', '{b}k', 'v')).toBe('OK');
  await server.restart();
  expect(await request(server.port, 'GET', '{b}k')).toBe('v');
});
