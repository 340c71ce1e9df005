import { isArsError } from '@ars/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../src/index.js';
import { cursor, request } from './owner.js';

type Id = readonly [ms: bigint, sequence: bigint];
const text = ([ms, sequence]: Id): string => `${ms}-${sequence}`;
const less = (a: Id, b: Id): boolean => a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);

/** A stream as one would write it down first: every step looks at everything. */
class NaiveStream {
  entries: Id[] = [];
  last: Id = [0n, 0n];
  added = 0;
  maxDeleted: Id = [0n, 0n];

  add(id: Id): void {
    this.entries.push(id);
    this.last = id;
    this.added += 1;
  }

  next(now: bigint): Id {
    return now > this.last[0] ? [now, 0n] : [this.last[0], this.last[1] + 1n];
  }

  delete(ids: readonly Id[]): void {
    for (const id of ids) {
      const left = this.entries.filter((entry) => text(entry) !== text(id));
      if (left.length < this.entries.length && less(this.maxDeleted, id)) this.maxDeleted = id;
      this.entries = left;
    }
  }
}

type Step =
  | { readonly kind: 'auto'; readonly clock: number }
  | { readonly kind: 'explicit'; readonly ms: number; readonly sequence: number }
  | { readonly kind: 'delete'; readonly picks: readonly number[] }
  | { readonly kind: 'maxLength'; readonly left: number }
  | { readonly kind: 'minId'; readonly ms: number; readonly sequence: number }
  | { readonly kind: 'drop' };

const small = fc.nat(12);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('auto' as const), clock: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('explicit' as const), ms: small, sequence: small }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), picks: fc.array(small, { maxLength: 4 }) }),
  },
  fc.record({ kind: fc.constant('maxLength' as const), left: small }),
  fc.record({ kind: fc.constant('minId' as const), ms: small, sequence: small }),
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const) }) },
);

class Pair {
  clock = 0;
  readonly store: MemoryStore = createMemoryStore({ now: () => this.clock });
  naive: NaiveStream | undefined;

  take(step: Step): void {
    if (step.kind === 'auto') this.#auto(step.clock);
    else if (step.kind === 'explicit') this.#explicit([BigInt(step.ms), BigInt(step.sequence)]);
    else if (step.kind === 'delete') this.#delete(step.picks);
    else if (step.kind === 'drop') {
      expect(this.store.deleteStream('s')).toBe(this.naive !== undefined);
      this.naive = undefined;
    } else this.#trim(step);
  }

  #auto(clock: number): void {
    this.clock = clock;
    this.naive ??= new NaiveStream();
    const id = this.naive.next(BigInt(clock));
    this.naive.add(id);
    expect(this.store.add('s', { n: this.naive.added })).toBe(text(id));
  }

  #explicit(id: Id): void {
    if (!less(this.naive?.last ?? [0n, 0n], id)) {
      expect(() => this.store.add('s', { n: 0 }, text(id))).toThrow('is not above');
      return;
    }
    this.naive ??= new NaiveStream();
    this.naive.add(id);
    this.store.add('s', { n: this.naive.added }, text(id));
  }

  #delete(picks: readonly number[]): void {
    const ids = picks.map((pick): Id => this.naive?.entries[pick] ?? [BigInt(pick), 1n]);
    const before = this.naive?.entries.length ?? 0;
    this.naive?.delete(ids);
    expect(this.store.delete('s', ...ids.map(text))).toBe(before - (this.naive?.entries.length ?? 0));
  }

  #trim(step: Extract<Step, { kind: 'maxLength' | 'minId' }>): void {
    const before = this.naive?.entries ?? [];
    const isMax = step.kind === 'maxLength';
    const minId: Id = isMax ? [0n, 0n] : [BigInt(step.ms), BigInt(step.sequence)];
    const left = isMax ? before.slice(Math.max(0, before.length - step.left)) : before.filter((id) => !less(id, minId));
    if (this.naive !== undefined) this.naive.entries = left;
    const gone = this.store.truncate('s', isMax ? { maxLength: step.left } : { minId: text(minId) });
    expect(gone).toBe(before.length - left.length);
  }

  check(): void {
    const { naive } = this;
    expect(this.store.entries('s').map(({ id }) => id)).toEqual((naive?.entries ?? []).map(text));
    expect(this.store.streamInfo('s')).toEqual(
      naive && {
        length: naive.entries.length,
        added: naive.added,
        firstId: text(naive.entries[0] ?? [0n, 0n]),
        lastId: text(naive.last),
        maxDeletedId: text(naive.maxDeleted),
      },
    );
  }
}

test('a stream behaves as its definition, whatever is appended, deleted, trimmed and recreated', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pair = new Pair();
      for (const one of steps) {
        pair.take(one);
        pair.check();
      }
    }),
    { numRuns: 500 },
  );
});

test('a read gives what follows the position, in order, up to the maximum', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      small,
      small,
      small,
      async (steps, ms, sequence, maxEntries) => {
        const pair = new Pair();
        for (const one of steps.filter(({ kind }) => kind !== 'drop')) pair.take(one);
        const position: Id = [BigInt(ms), BigInt(sequence)];
        const reader = await pair.store.openReader();
        const [read] = await reader.read(request({ cursors: [cursor('s', text(position), 0)], maxEntries }));
        const after = (pair.naive?.entries ?? []).filter((id) => less(position, id)).slice(0, maxEntries);
        expect(read!.entries.map(({ id }) => id)).toEqual(read!.regressed ? [] : after.map(text));
        expect(read!.cursor.position).toBe(read!.regressed ? text(position) : text(after.at(-1) ?? position));
      },
    ),
    { numRuns: 300 },
  );
});

test('deletions and trims of a long stream keep order, counters and positions right', () => {
  const store = createMemoryStore();
  for (let n = 1; n <= 10_000; n += 1) store.add('s', { n }, `${n}-0`);
  expect(store.truncate('s', { minId: '4001-0' })).toBe(4_000);
  expect(store.delete('s', '4001-0', '4002-0', '5000-0', '9999-0', '1-0')).toBe(4);
  expect(store.truncate('s', { maxLength: 3_000 })).toBe(2_996);
  const ids = store.entries('s').map(({ id }) => id);
  expect(ids.length).toBe(3_000);
  expect([ids[0], ids.at(-2), ids.at(-1)]).toEqual(['7000-0', '9998-0', '10000-0']);
  expect(store.streamInfo('s')).toMatchObject({ added: 10_000, maxDeletedId: '9999-0', lastId: '10000-0' });
});

test('deleting many entries at once, the first ones among them, leaves exactly the others', () => {
  const store = createMemoryStore();
  for (let n = 1; n <= 100; n += 1) store.add('s', { n }, `${n}-0`);
  const doomed = Array.from({ length: 40 }, (_, index) => `${index < 3 ? index + 1 : index * 2}-0`);
  expect(store.delete('s', ...doomed, ...doomed)).toBe(40);
  const left = Array.from({ length: 100 }, (_, index) => `${index + 1}-0`).filter((id) => !doomed.includes(id));
  expect(store.entries('s').map(({ id }) => id)).toEqual(left);
});

test('a stream whose IDs are used up refuses another entry and stays as it was', () => {
  const store = createMemoryStore();
  const last = '18446744073709551615-18446744073709551615';
  store.add('s', { n: 1 }, last);
  expect(() => store.add('s', { n: 2 })).toThrow('no entry IDs left');
  expect(store.streamInfo('s')).toMatchObject({ length: 1, added: 1, lastId: last });
});

test.each(['5', '5-*', '05-0', '0-0', '5-0-0', '99999999999999999999-0'])('%s is refused as an explicit ID', (id) => {
  const store = createMemoryStore();
  try {
    store.add('s', { n: 1 }, id);
    expect.unreachable();
  } catch (error) {
    expect(isArsError(error, 'ARS_CONFIGURATION')).toBe(true);
  }
  expect(store.streamInfo('s')).toBeUndefined();
});
