import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StoredValue, StreamStore } from '@ars/core';
import { requestContains, startProxy } from '../../../tests/support/proxy.js';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { KeyLayout } from '../src/key-layout.js';
import { Packer } from '../src/packing/pack.js';
import { MOVE } from '../src/scripts/move.js';
import { addressOf, freshTag, rawStore, Scene } from './support/fixture.js';
import { snapshotOf } from './support/snapshot.js';

let server: TestServer;
let store: StreamStore;
let scene: Scene;
let tag: string;
let from: string;
let to: string;
beforeAll(async () => {
  server = await startServer();
  store = rawStore(server.url);
  scene = await Scene.open(server.url);
});
beforeEach(async () => {
  tag = freshTag();
  from = `{${tag}}dead`;
  to = `{${tag}}in`;
  for (const id of ['1-0', '2-0', '3-0']) await scene.do('XADD', from, id, 'old', id);
});
afterAll(async () => {
  scene.close();
  await store.close();
  await server.stop();
});

const entry = (id: string, ...fields: StoredValue[]) => ({ id, fields: fields.length > 0 ? fields : ['f', id] });
const contents = async (stream: string) =>
  ((await scene.do('XRANGE', stream, '-', '+')) as [string, string[]][]).map(([, fields]) => fields[1]);
const move = (ids: readonly string[], by = store) => by.move({ from, to, entries: ids.map((id) => entry(id)) });

/** Expects a refusal that leaves every byte as it was. */
async function expectRefused(details: object, by = store): Promise<void> {
  const before = await snapshotOf(scene, tag);
  await expect(move(['1-0', '2-0'], by)).rejects.toMatchObject({ code: 'ARS_COMMIT', details });
  expect(await snapshotOf(scene, tag)).toEqual(before);
}

describe('move', () => {
  test('appends with the fields given, bytes intact, and deletes where it took from', async () => {
    const entries = [entry('1-0', 'f', Uint8Array.of(255)), entry('3-0', 'g', '')];
    expect(await store.move({ from, to, entries })).toEqual({ moved: 2, held: 0 });
    const moved = (await scene.raw('XRANGE', to, '-', '+')) as [Buffer, Buffer[]][];
    expect(moved.map(([, fields]) => fields)).toEqual([
      [Buffer.from('f'), Buffer.from([255])],
      [Buffer.from('g'), Buffer.from('')],
    ]);
    expect(await contents(from)).toEqual(['2-0']);
  });

  test('repeated moves nothing twice, and skips what is gone', async () => {
    expect(await move(['1-0', '2-0'])).toEqual({ moved: 2, held: 0 });
    expect(await move(['1-0', '2-0', '3-0', '9-9'])).toEqual({ moved: 1, held: 0 });
    expect(await move(['1-0', '2-0', '3-0'])).toEqual({ moved: 0, held: 0 });
    expect(await contents(to)).toEqual(['1-0', '2-0', '3-0']);
  });

  test('of an entry that is named twice moves it once', async () => {
    expect(await move(['1-0', '1-0'])).toEqual({ moved: 1, held: 0 });
    expect(await contents(to)).toEqual(['1-0']);
  });

  test('whose reply was lost is sent again, and each entry arrives once', async () => {
    await using proxy = await startProxy(server.port);
    const own = rawStore(proxy.url);
    const lost = [proxy.loseNextReply(requestContains('EVAL')), proxy.loseNextReply(requestContains('EVAL'))];
    await move(['1-0', '2-0'], own);
    await Promise.all(lost);
    expect(await contents(to)).toEqual(['1-0', '2-0']);
    expect(await contents(from)).toEqual(['3-0']);
    await own.close();
  });

  test('holds back what a registered consumer has not committed', async () => {
    const address = addressOf(tag, { streams: [from] });
    await store.register(address, [{ stream: from, position: '2-0', read: 2 }]);
    expect(await move(['1-0', '2-0', '3-0', '4-0'])).toEqual({ moved: 2, held: 1 });
    expect(await contents(from)).toEqual(['3-0']);
    await store.unregister(address);
    expect(await move(['3-0'])).toEqual({ moved: 1, held: 0 });
  });

  test('takes a hundred entries at once, and none', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `${i + 10}-0`);
    for (const id of ids) await scene.do('XADD', from, id, 'f', id);
    expect(await move(ids)).toEqual({ moved: 100, held: 0 });
    expect(await contents(to)).toEqual(ids);
    expect(await move([])).toEqual({ moved: 0, held: 0 });
  });

  test.each([
    ['exhausted', 'XADD', '18446744073709551615-3', 'f', 'v'],
    ['no stream', 'SET', 'x'],
  ])('with nothing to take is done, though its target is %s', async (_, command, ...args) => {
    await scene.do(command, to, ...args);
    await store.register(addressOf(tag, { streams: [from] }), [{ stream: from, position: '2-0', read: 2 }]);
    expect(await move(['3-0', '9-9'])).toEqual({ moved: 0, held: 1 });
    expect(await move(['9-9'])).toEqual({ moved: 0, held: 0 });
  });

  test('from a missing stream finds nothing', async () => {
    await scene.do('DEL', from);
    expect(await move(['1-0'])).toEqual({ moved: 0, held: 0 });
  });
});

describe('nothing is changed by a move', () => {
  test('to what is not a stream', async () => {
    await scene.do('SET', to, 'x');
    await expectRefused({ reason: 'WRONGTYPE', stream: to });
  });

  test('to a stream without IDs left', async () => {
    await scene.do('XADD', to, '18446744073709551615-3', 'f', 'v');
    await expectRefused({ reason: 'EXHAUSTED', stream: to });
  });

  test('from what is not a stream', async () => {
    await scene.do('DEL', from);
    await scene.do('SET', from, 'x');
    await expectRefused({ reason: 'WRONGTYPE', stream: from });
  });

  test.each(['xdel', 'xadd', 'xrange'])('by a user without %s', async (command) => {
    await scene.do('ACL', 'SETUSER', tag, 'on', '>secret', '~*', '+@all', `-${command}`);
    const own = rawStore(server.url, { user: [tag, 'secret'] });
    const before = await snapshotOf(scene, tag);
    await expect(move(['1-0'], own)).rejects.toMatchObject({ details: { reason: 'NOPERM' } });
    expect(await snapshotOf(scene, tag)).toEqual(before);
    await own.close();
  });

  test('of more fields than an entry may have', async () => {
    const before = await snapshotOf(scene, tag);
    const fields = Array.from({ length: 8000 }, () => 'x');
    const entries = [entry('1-0'), entry('2-0', ...fields)];
    await expect(store.move({ from, to, entries })).rejects.toMatchObject({ code: 'ARS_COMMIT' });
    expect(await snapshotOf(scene, tag)).toEqual(before);
  });

  /** A store lets no such entry through; it stands for whatever a server may refuse behind the first append. */
  test.each([0, 2])('of an entry that is refused behind one that was appended, where %i were before', async (count) => {
    for (let n = 0; n < count; n += 1) await scene.do('XADD', to, '*', 'f', String(n));
    const before = await snapshotOf(scene, tag);
    const entries = [
      ['1-0', 'f', 'v'],
      ['2-0', 'a name without a value'],
    ];
    const packer = new Packer().array(entries.length);
    for (const values of entries) packer.array(values.length).values(values);
    const keys = [from, new KeyLayout('', false).registry(from), to];
    const reply = await scene.do('EVAL', MOVE.body, keys.length, ...keys, packer.finish());
    expect(reply).toEqual(['refused', expect.stringMatching(/wrong number of arg/i), '3', 'XADD']);
    const after = await snapshotOf(scene, tag);
    // The largest deleted ID cannot be set back to 0-0, see `UNDO`; so what is stored differs in that.
    const told = ({ [to]: target, ...rest }: typeof after) => [rest, target?.split(' ')[1]?.replace('"0-1"', '"0-0"')];
    expect(told(after)).toEqual(told(before));
  });

  test('that is not one: to itself, to a key of the library, or without fields', async () => {
    await expect(store.move({ from, to: from, entries: [entry('1-0')] })).rejects.toBeInstanceOf(TypeError);
    await expect(store.move({ from, to, entries: [{ id: '1-0', fields: [] }] })).rejects.toBeInstanceOf(TypeError);
    const own = { from, to: `ars:{${tag}}:state:x`, entries: [entry('1-0')] };
    await expect(store.move(own)).rejects.toMatchObject({ code: 'ARS_COMMIT', details: { reason: 'RESERVED' } });
  });
});
