import type { StartPoint, StreamCursor, StreamReader } from '@ars/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../src/index.js';
import { accountForLoss, MISSING_STREAM } from '../src/streams/loss-account.js';
import { cursor, request } from './owner.js';

type Step =
  | { readonly kind: 'add'; readonly gap: number }
  | { readonly kind: 'delete'; readonly picks: readonly number[] }
  | { readonly kind: 'maxLength' | 'minId' | 'read'; readonly count: number }
  | { readonly kind: 'save' | 'restart' };

const few = fc.nat(8);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), gap: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('delete' as const), picks: fc.array(fc.nat(30), { maxLength: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('maxLength' as const, 'minId' as const), count: few }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('read' as const), count: few }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('save' as const, 'restart' as const) }) },
);
const start = fc.oneof(fc.constantFrom('beginning' as const, 'end' as const), fc.nat(100));

/** Remembers every entry there ever was, and which of them one reader has read or been told of as lost. */
class World {
  readonly #store: MemoryStore;
  readonly #ids: string[] = [];
  readonly #reader: StreamReader;
  #accounted = new Set<string>();
  #cursor: StreamCursor = cursor('s');
  #saved: { cursor: StreamCursor; accounted: Set<string> } | undefined;
  #ms = 0;

  constructor(store: MemoryStore, reader: StreamReader) {
    this.#store = store;
    this.#reader = reader;
  }

  change(step: Step): void {
    if (step.kind === 'add') {
      this.#ms += step.gap;
      this.#ids.push(this.#store.add('s', { n: 1 }, `${this.#ms}-${this.#ids.length + 1}`));
    } else if (step.kind === 'delete') {
      this.#store.delete('s', ...step.picks.flatMap((pick) => this.#ids[pick] ?? []));
    } else if (step.kind === 'maxLength') this.#store.truncate('s', { maxLength: step.count });
    else if (step.kind === 'minId') this.#store.truncate('s', { minId: this.#ids[step.count] ?? '0-0' });
    else if (step.kind === 'save') this.#saved = { cursor: this.#cursor, accounted: new Set(this.#accounted) };
    else if (this.#saved !== undefined) {
      this.#cursor = this.#saved.cursor;
      this.#accounted = new Set(this.#saved.accounted);
    }
  }

  async begin(at: 'beginning' | 'end' | number): Promise<void> {
    const point: StartPoint = typeof at === 'string' ? at : { fromId: this.#ids[at % this.#ids.length] ?? '0-0' };
    this.#cursor = await this.#reader.locate('s', point);
    const left = this.#left().map((id) => this.#ids.indexOf(id));
    const first = point === 'beginning' ? 0 : point === 'end' ? Infinity : this.#ids.indexOf(point.fromId);
    this.#accounted = new Set(this.#ids.filter((_, index) => !left.includes(index) || index < first));
  }

  async read(maxEntries: number): Promise<void> {
    const left = this.#left();
    const lost = this.#ids.filter((id) => !left.includes(id) && !this.#accounted.has(id));
    const [read] = await this.#reader.read(request({ cursors: [this.#cursor], maxEntries }));
    const expected = left.filter((id) => !this.#accounted.has(id)).slice(0, maxEntries);
    expect({ lost: read!.lost, regressed: read!.regressed }).toEqual({ lost: lost.length, regressed: false });
    expect(read!.entries.map(({ id }) => id)).toEqual(expected);
    for (const id of [...lost, ...expected]) this.#accounted.add(id);
    this.#cursor = read!.cursor;
  }

  #left(): string[] {
    return this.#store.entries('s').map(({ id }) => id);
  }
}

test('every entry after the start is read or counted as lost, once, whatever happens to the stream', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 20 }),
      start,
      fc.array(step, { maxLength: 60 }),
      async (before, at, steps) => {
        const store = createMemoryStore();
        const one = new World(store, await store.openReader());
        for (const change of before) if (change.kind !== 'read') one.change(change);
        await one.begin(at);
        for (const change of steps) {
          if (change.kind === 'read') await one.read(change.count);
          else one.change(change);
        }
        await one.read(1_000);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('a stream that is missing, or was recreated with fewer entries than were read, is regressed', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 9 }), fc.nat(8), async (had, has) => {
      fc.pre(has < had);
      const store = createMemoryStore({ now: () => 5 });
      for (let n = 0; n < had; n += 1) store.add('s', { n });
      const reader = await store.openReader();
      const [first] = await reader.read(request({ cursors: [cursor('s')] }));
      store.deleteStream('s');
      for (let n = 0; n < has; n += 1) store.add('s', { n }, `${n + 9}-0`);
      const [read] = await reader.read(request({ cursors: [first!.cursor] }));
      expect(read).toEqual({
        stream: 's',
        entries: [],
        lost: 0,
        regressed: true,
        cursor: first!.cursor,
        added: has,
        lastId: has === 0 ? '0-0' : `${has + 8}-0`,
      });
    }),
  );
});

test('a missing stream that was never read is neither lost nor regressed', () => {
  const nothing = { isPresent: false, entriesAfter: 0 };
  expect(accountForLoss(cursor('s'), MISSING_STREAM, nothing)).toEqual({ lost: 0, regressed: false });
  expect(accountForLoss(cursor('s', '0-0', 1), MISSING_STREAM, nothing)).toEqual({ lost: 0, regressed: true });
});

test('a position that the stream never held, between its entries, is regressed', () => {
  const facts = { added: 5, length: 5, firstId: '1-0', lastId: '9-0', maxDeletedId: '0-0' };
  const between = { isPresent: false, entriesAfter: 3 };
  expect(accountForLoss(cursor('s', '4-0', 2), facts, between)).toEqual({ lost: 0, regressed: true });
});

test('a stream recreated up to the position, with fewer entries than were read, is regressed', () => {
  const facts = { added: 1, length: 1, firstId: '4-0', lastId: '4-0', maxDeletedId: '0-0' };
  const present = { isPresent: true, entriesAfter: 0 };
  expect(accountForLoss(cursor('s', '4-0', 2), facts, present).regressed).toBe(true);
  expect(accountForLoss(cursor('s', '4-0', 1), facts, present)).toEqual({ lost: 0, regressed: false });
});

test('more entries after the position than were added since is regressed', () => {
  const facts = { added: 5, length: 4, firstId: '6-0', lastId: '9-0', maxDeletedId: '0-0' };
  expect(accountForLoss(cursor('s', '4-0', 2), facts, { isPresent: false, entriesAfter: 4 }).regressed).toBe(true);
});

test('a read of no entries counts what was lost and moves only the counter', async () => {
  const store = createMemoryStore();
  for (let n = 1; n <= 5; n += 1) store.add('s', { n }, `${n}-0`);
  store.truncate('s', { maxLength: 3 });
  const reader = await store.openReader();
  const [read] = await reader.read(request({ cursors: [cursor('s')], maxEntries: 0 }));
  expect(read).toMatchObject({ entries: [], lost: 2, cursor: cursor('s', '0-0', 2), added: 5, lastId: '5-0' });
});
