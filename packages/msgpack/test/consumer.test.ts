import { type Fields, StreamConsumer, type Transaction } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { msgpackSerializer as serializer } from '../src/index.js';
import { isSame } from './values.js';

const state = {
  total: 0n,
  lastAt: new Date(Number.NaN),
  byUser: new Map<string, { count: number; last: Date; note: string | undefined }>(),
  seen: new Set<bigint>(),
  words: {} as Record<string, number>,
};

function handler({ user, amount, at }: Fields, { state: now }: Transaction<typeof state>): void {
  const last = new Date(Number(at));
  now.total += BigInt(amount!);
  now.lastAt = last;
  now.seen.add(BigInt(amount!));
  now.words[user!] = -0;
  const known = now.byUser.get(user!);
  if (known === undefined) now.byUser.set(user!, { count: 1, last, note: undefined });
  else known.count += 1;
}

test('state with Date, Map, Set and bigint is the same after a restart, and goes on from there', async () => {
  const store = createMemoryStore();
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
