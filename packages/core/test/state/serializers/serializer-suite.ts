import vm from 'node:vm';
import { expect, test } from 'vitest';
import { StreamConsumer } from '../../../src/consumer/stream-consumer.js';
import type { Fields } from '../../../src/domain/fields.js';
import type { Serializer } from '../../../src/state/serializer.js';
import type { StreamStore } from '../../../src/store/stream-store.js';
import type { Transaction } from '../../../src/transaction/transaction.js';
import { isSame } from './values.js';

interface WritableStore extends StreamStore {
  add(stream: string, fields: Record<string, string | number>): unknown;
}

class Money {
  readonly secret = 'hunter2';
}

const createState = () => ({
  total: 0n,
  lastAt: new Date(Number.NaN),
  byUser: new Map<string, { count: number; last: Date; note: string | undefined }>(),
  seen: new Set<bigint>(),
  words: {} as Record<string, number>,
});

function handler({ user, amount, at }: Fields, { state: now }: Transaction<ReturnType<typeof createState>>): void {
  const last = new Date(Number(at));
  now.total += BigInt(amount!);
  now.lastAt = last;
  now.seen.add(BigInt(amount!));
  now.words[user!] = -0;
  const known = now.byUser.get(user!);
  if (known === undefined) now.byUser.set(user!, { count: 1, last, note: undefined });
  else known.count += 1;
}

/** What a serializer does that holds every kind of state and checks it by a `SoundnessCheck`. */
export function testSerializer(serializer: Serializer, createStore: () => WritableStore): void {
  testState(serializer, createStore);
  testRefusals(serializer);
  testDepth(serializer);
}

function testState(serializer: Serializer, createStore: () => WritableStore): void {
  test('state with Date, Map, Set and bigint is the same after a restart, and goes on from there', async () => {
    const store = createStore();
    const state = createState();
    const consume = () =>
      new StreamConsumer({ store, stream: 'payments', consumerId: 'ledger', serializer, state, handler });
    const users = ['ada', 'constructor', '__proto__', 'a.b'];
    for (const [index, user] of users.entries())
      store.add('payments', { user, amount: `${10n ** 20n + BigInt(index)}`, at: index });

    const first = consume();
    await first.start();
    await first.caughtUp();
    await first.stop();
    const second = consume();
    await second.start();
    const restored = structuredClone(second.state);
    store.add('payments', { user: 'ada', amount: '1', at: -1 });
    await second.caughtUp();
    await second.stop();

    expect(isSame(restored, structuredClone(first.state))).toBe(true);
    expect(restored.total).toBe(4n * 10n ** 20n + 6n);
    expect([...restored.byUser.keys()]).toEqual(users);
    expect(Object.keys(restored.words)).toEqual(users);
    expect(second.state.byUser.get('ada')).toEqual({ count: 2, last: new Date(0), note: undefined });
    expect(second.state.lastAt).toEqual(new Date(-1));
    expect([...second.state.seen].at(-1)).toBe(1n);
  });

  test('an object held twice comes back as two, and a null prototype as an ordinary one', () => {
    const restored = (value: unknown): unknown => serializer.deserialize(serializer.serialize(value));
    const shared = { n: 1n };
    const [a, b] = restored([shared, shared]) as [object, object];
    expect(isSame(a, b) && isSame(a, shared) && a !== b).toBe(true);
    expect(isSame(restored(Object.assign(Object.create(null), shared)), shared)).toBe(true);
  });
}

function testRefusals(serializer: Serializer): void {
  test.each<[string, unknown, string]>([
    ['a class instance', { items: [{ price: new Money() }] }, 'items[0].price'],
    ['a value in a Map', { a: new Map([[7n, /hunter2/]]) }, 'a.get(7n)'],
    ['a typed array', { a: new Float32Array(3) }, 'a'],
    ['a DataView', { a: new DataView(new ArrayBuffer(3)) }, 'a'],
    ['an ArrayBuffer', { a: new ArrayBuffer(3) }, 'a'],
    ['a subclass of Uint8Array', { a: new (class extends Uint8Array {})(1) }, 'a'],
    ['a Map of another realm', { a: [vm.runInNewContext('new Map([[1, 2]])')] }, 'a[0]'],
    ['bytes of another realm', { a: [vm.runInNewContext('new Uint8Array(2)')] }, 'a[0]'],
    [
      'a value that fails to be looked at',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('hunter2');
          },
        },
      ),
      '',
    ],
  ])('%s is refused, and the error names its path and no content', (_, value, path) => {
    expect(() => serializer.serialize(value)).toThrow(
      expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path } }),
    );
    expect(() => serializer.serialize(value)).not.toThrow('hunter2');
  });
}

function testDepth(serializer: Serializer): void {
  test('200 levels of the most expensive containers are stored and read', () => {
    const nested = (wrap: (inner: unknown) => unknown) =>
      Array.from({ length: 199 }).reduce<unknown>(wrap, new Set([1n]));
    for (const wrap of [
      (inner: unknown) => new Map([[1n, inner]]),
      (inner: unknown) => ({ ['__proto__']: inner }),
      (inner: unknown) => [inner],
    ]) {
      const stored = serializer.serialize(nested(wrap));
      expect(serializer.serialize(serializer.deserialize(stored))).toEqual(stored);
    }
  });
}
