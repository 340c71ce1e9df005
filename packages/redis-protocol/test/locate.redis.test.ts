import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { StreamReader, StreamStore } from '@ars/core';
import { freshTag, rawStore, Scene } from './support/fixture.js';

let store: StreamStore;
let scene: Scene;
let reader: StreamReader;
let stream: string;
beforeAll(async () => {
  store = rawStore(inject('redisUrl'));
  scene = await Scene.open(inject('redisUrl'));
  reader = await store.openReader();
});
beforeEach(async () => {
  stream = `{${freshTag()}}s`;
});
afterAll(async () => {
  scene.close();
  await store.close();
});

/** A stream of 10-0, 20-0 … 50-0, of which the first is trimmed and the third deleted. */
async function history(): Promise<void> {
  for (const ms of [10, 20, 30, 40, 50]) await scene.do('XADD', stream, `${ms}-0`, 'f', 'v');
  await scene.do('XTRIM', stream, 'MAXLEN', '4');
  await scene.do('XDEL', stream, '30-0');
}

const at = (position: string, read: number) => ({ stream, position, read });

describe('a start', () => {
  test('at the beginning counts what is gone as read', async () => {
    await history();
    expect(await reader.locate(stream, 'beginning')).toEqual(at('0-0', 2));
  });

  test('at the end lies at the last entry there is', async () => {
    await history();
    await scene.do('XDEL', stream, '50-0');
    expect(await reader.locate(stream, 'end')).toEqual(at('40-0', 5));
  });

  test('at the end of a stream without entries lies at the start of it', async () => {
    await history();
    await scene.do('XTRIM', stream, 'MAXLEN', '0');
    expect(await reader.locate(stream, 'end')).toEqual(at('0-0', 5));
  });

  test.each([
    ['40-0', '20-0', 3],
    ['39-5', '20-0', 3],
    ['41-0', '40-0', 4],
    ['50-0', '40-0', 4],
    ['10-0', '0-0', 2],
    ['0-0', '0-0', 2],
  ])('at %s includes that entry, so it lies at %s', async (fromId, position, read) => {
    await history();
    expect(await reader.locate(stream, { fromId })).toEqual(at(position, read));
    const [result] = await reader.read({ cursors: [at(position, read)], maxEntries: 9, maxBytes: 1e6, waitMs: 0 });
    expect(result).toMatchObject({ lost: 0, regressed: false });
  });

  test('at the last ID that was ever given finds it even if it was deleted', async () => {
    await history();
    await scene.do('XDEL', stream, '50-0');
    expect(await reader.locate(stream, { fromId: '50-0' })).toEqual(at('40-0', 5));
  });

  test('beyond the last ID is refused', async () => {
    await history();
    await expect(reader.locate(stream, { fromId: '50-1' })).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { stream },
    });
  });

  test('in a missing stream lies at its beginning', async () => {
    for (const start of ['beginning', 'end', { fromId: '0-0' }] as const)
      expect(await reader.locate(stream, start)).toEqual(at('0-0', 0));
  });

  test('counts far into a long stream', async () => {
    const fill = "for i = 1, 3000 do redis.call('XADD', KEYS[1], i .. '-0', 'f', 'v') end";
    await scene.do('EVAL', fill, 1, stream);
    await scene.do('XDEL', stream, '5-0', '2900-0');
    expect(await reader.locate(stream, { fromId: '2000-0' })).toEqual(at('1999-0', 2000));
    expect(await reader.locate(stream, { fromId: '1000-0' })).toEqual(at('999-0', 1000));
  });

  test('in a key that is not a stream is refused', async () => {
    await scene.do('SET', stream, 'x');
    await expect(reader.locate(stream, 'end')).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { reason: 'WRONGTYPE' },
    });
  });
});
