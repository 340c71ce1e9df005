import type { StoredValue } from '@ars/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../src/index.js';
import { change, cursor, own, request } from './owner.js';

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

test('bytes come back unchanged: as a string if and only if they are valid UTF-8', () => {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ minLength: 1 }), fc.string({ unit: 'binary' })), (given) => {
      const store = createMemoryStore();
      const wellFormed = typeof given === 'string' ? given.toWellFormed() : given;
      store.add('s', ['f', wellFormed]);
      const found = store.entries('s')[0]!.fields[1]!;
      expect(Buffer.compare(Buffer.from(found as string), Buffer.from(wellFormed as string))).toBe(0);
      expect(typeof found).toBe(isText(Buffer.from(wellFormed as string)) ? 'string' : 'object');
    }),
    { numRuns: 500 },
  );
});

function isText(given: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(given);
    return true;
  } catch {
    return false;
  }
}

test('a byte order mark and an encoded surrogate survive', () => {
  const store = createMemoryStore();
  store.add('s', ['bom', bytes(0xef, 0xbb, 0xbf, 0x61), 'half', bytes(0xed, 0xa0, 0x80)]);
  expect(store.entries('s')[0]!.fields).toEqual(['bom', '\uFEFFa', 'half', bytes(0xed, 0xa0, 0x80)]);
});

test('a Buffer is stored as plain bytes of its own, also one that is part of a larger buffer', () => {
  const store = createMemoryStore();
  const whole = Buffer.from([1, 255, 2, 255]);
  store.add('s', { part: whole.subarray(1, 3), text: Buffer.from('xabcx').subarray(1, 4) });
  whole.fill(0);
  const { message } = store.entries('s')[0]!;
  expect(message).toEqual({ part: bytes(255, 2), text: 'abc' });
  expect(Buffer.isBuffer(message['part'])).toBe(false);
});

test('an entry keeps order and doubles in its fields, and gives the last value by name', () => {
  const store = createMemoryStore();
  store.add('s', ['a', '1', 'b', '2', 'a', '3', bytes(0xff), '4', '__proto__', '5']);
  const { fields, message } = store.entries('s')[0]!;
  expect(fields).toEqual(['a', '1', 'b', '2', 'a', '3', bytes(0xff), '4', '__proto__', '5']);
  expect(Object.entries(message)).toEqual([
    ['a', '3'],
    ['b', '2'],
    ['ÿ', '4'],
    ['__proto__', '5'],
  ]);
});

test('numbers and bigints are added as text', () => {
  const store = createMemoryStore();
  store.add('s', { n: 1.5, big: 2n ** 64n });
  expect(store.entries('s')[0]!.message).toEqual({ n: '1.5', big: '18446744073709551616' });
});

test.each([[{}], [{ n: NaN }], [{ n: Infinity }], [{ n: '\uD800' }], [{ n: null }], [['n']], [['n', 1]], [[]]])(
  '%j is refused as an entry, and makes no stream',
  async (fields) => {
    const store = createMemoryStore();
    expect(() => store.add('s', fields as string[])).toThrow(
      expect.objectContaining({ code: 'ARS_MESSAGE_VALIDATION' }),
    );
    const stored = Array.isArray(fields) ? (fields as string[]) : [];
    await expect(store.append({ stream: 's', fields: stored, idempotencyKey: 'k' })).rejects.toThrow(
      'An entry for stream "s"',
    );
    expect(store.streamInfo('s')).toBeUndefined();
  },
);

test('what is changed after the call does not change what is stored', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  const value = bytes(255, 1);
  const fields: StoredValue[] = ['f', value];
  const content = owner.content({
    publishes: [{ stream: 'out', fields }],
    state: change({ a: value }),
    cursors: [cursor('orders', '0-0', 0)],
  });
  await owner.home.commit(owner.token, content);
  value.fill(0);
  fields.push('g', 'h');
  (content.state!.header!.declared as string[]).push('b');
  (content.cursors[0] as { read: number }).read = 9;
  expect(store.entries('out')[0]!.fields).toEqual(['f', bytes(255, 1)]);
  const { record, state } = await owner.home.inspect();
  expect(state).toMatchObject({ declared: ['a'], attributes: new Map([['a', bytes(255, 1)]]) });
  expect(record!.cursors).toEqual([cursor()]);
});

test('what is handed out cannot change what is stored', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  await owner.commit({ state: change({ a: bytes(255, 1) }), attempt: { stream: 's', id: '1-0', count: 2 } });
  const before = await owner.home.inspect();
  (before.state!.attributes.get('a') as Uint8Array).fill(0);
  (before.state!.attributes as Map<string, StoredValue>).clear();
  (before.state!.declared as string[]).pop();
  (before.record!.cursors as unknown[]).pop();
  expect(() => ((before.record!.attempt as { count: number }).count = 9)).toThrow(TypeError);
  const after = await owner.home.inspect();
  expect(after.state).toMatchObject({ declared: ['a'], attributes: new Map([['a', bytes(255, 1)]]) });
  expect(after.record).toMatchObject({ cursors: [cursor()], attempt: { count: 2 } });
});

test('an entry is the same frozen object in every read', async () => {
  const store = createMemoryStore();
  store.add('orders', { n: 1 });
  const reader = await store.openReader();
  const [first] = await reader.read(request());
  const [second] = await reader.read(request());
  const entry = first!.entries[0]!;
  expect(second!.entries[0]).toBe(entry);
  expect(() => ((entry as { id: string }).id = '')).toThrow(TypeError);
  expect(() => (entry.fields as string[]).push('x')).toThrow(TypeError);
  (first!.entries as unknown[]).pop();
  expect((await reader.read(request()))[0]!.entries.length).toBe(1);
});

test('a name that the library keeps for itself on Redis cannot be part of a transaction here either', () => {
  expect(createMemoryStore().placementProblem('orders', 'ars:{orders}:state:x')).toMatch(/are the library's/);
  expect(createMemoryStore().placementProblem('orders', 'arsenal')).toBeUndefined();
});
