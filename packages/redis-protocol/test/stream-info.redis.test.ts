import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import type { RedisReply } from '../src/driver.js';
import { Link } from '../src/link/link.js';
import { streamInfo } from '../src/reader/stream-info.js';
import { freshTag, Scene } from './support/fixture.js';
import { RawDriver } from './support/raw-driver.js';

let server: TestServer;
let scene: Scene;
let link: Link;
let stream: string;
beforeAll(async () => {
  server = await startServer();
  scene = await Scene.open(server.url);
  link = new Link(await new RawDriver(server.url).connect(), 5_000);
  stream = `{${freshTag()}}s`;
  for (const id of ['1-1', '2-0', '3-0']) await scene.do('XADD', stream, id, 'field', 'value');
  await scene.do('XDEL', stream, '2-0');
});
afterAll(async () => {
  link.close();
  scene.close();
  await server.stop();
});

const info = {
  added: 3,
  length: 2,
  lastId: '3-0',
  firstId: '1-1',
  deletedId: '2-0',
  newestBytes: 24 + 'field'.length + 'value'.length + 4,
};

test('of a stream is what the server knows of it', async () => {
  expect(await streamInfo(link, stream)).toEqual(info);
});

/** What the server replies, with its fields in another order. */
function reordered(order: (pairs: RedisReply[][]) => RedisReply[][]): Link {
  return {
    send: async (args: readonly string[]) => {
      const flat = (await link.send(args)) as RedisReply[];
      const pairs = flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!]] : []));
      return order(pairs).flat();
    },
  } as unknown as Link;
}

test.each([
  ['backwards', (pairs: RedisReply[][]) => [...pairs].reverse()],
  ['with another field before them', (pairs: RedisReply[][]) => [[Buffer.from('new'), 7], ...pairs]],
])('is found by name in a server that tells it %s', async (_, order) => {
  expect(await streamInfo(reordered(order), stream)).toEqual(info);
});

test('of a missing stream is nothing', async () => {
  expect(await streamInfo(link, `${stream}-missing`)).toBeUndefined();
});
