import { type Fields, Persistable, strictJson } from '@ars/core';
import { superjsonSerializer } from '@ars/superjson';
import { expect, test } from 'vitest';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { dump, first, runOnce, second, storedAttributes, storeFirst } from './support/versions.js';

const handler = (): void => {};

describeStores((kit) => {
  const cursorsOf = async () => {
    const { position } = await kit.backend.moment({ consumerId: 'consumer', scope: kit.name('in') }, kit.name('out'));
    return [expect.objectContaining({ stream: kit.name('in'), position })];
  };

  test('a consumer that was never started: nothing is there, and nothing is made', async () => {
    const untouched = await dump(kit);
    const preview = { exists: false, isOwned: false, cursors: [], state: undefined };
    expect(await kit.consumer(first()).previewStart()).toEqual(preview);
    expect(await kit.consumer({ ...second(), startFrom: 'end' }).previewStart()).toEqual(preview);
    expect(await kit.consumer({ handler }).previewStart()).toEqual(preview);
    expect(await dump(kit)).toEqual(untouched);
  });

  test('the same code again: nothing added, removed or changed', async () => {
    await storeFirst(kit);
    const untouched = await dump(kit);
    expect(await kit.consumer(first()).previewStart()).toEqual({
      exists: true,
      isOwned: false,
      cursors: await cursorsOf(),
      state: {
        version: { from: 0, to: 0 },
        serializer: { from: 'json', to: 'json' },
        added: [],
        removed: [],
        changed: [],
      },
    });
    expect(await dump(kit)).toEqual(untouched);
  });

  test('a migration: what it adds, removes and changes, and it writes nothing', async () => {
    await storeFirst(kit);
    const untouched = await dump(kit);
    expect((await kit.consumer(second()).previewStart()).state).toEqual({
      version: { from: 0, to: 1 },
      serializer: { from: 'json', to: 'json' },
      added: ['label', 'sum'],
      removed: ['legacy', 'total'],
      changed: ['numbers'],
    });
    expect(await dump(kit)).toEqual(untouched);
  });

  test('a migration that changes what it was given in place: what it changed is told', async () => {
    await storeFirst(kit);
    const inPlace = (stored: Record<string, unknown>): Record<string, unknown> => {
      (stored['numbers'] as string[]).push('more');
      return stored;
    };
    const { state } = await kit.consumer({ ...first(), stateVersion: 1, migrate: inPlace }).previewStart();
    expect(state).toMatchObject({ added: [], removed: [], changed: ['numbers'] });
  });

  test('what a preview tells is what the start then does', async () => {
    await storeFirst(kit);
    const before = await storedAttributes(kit);
    const { state } = await kit.consumer(second()).previewStart();
    await kit.addNumbers('in', 4, 4);
    await runOnce(kit, { ...second(), handler });
    const after = await storedAttributes(kit);
    const names = (one: object, other: object) => Object.keys(one).filter((name) => !(name in other)).sort(); // prettier-ignore
    expect(names(after, before)).toEqual(state!.added);
    expect(names(before, after)).toEqual(state!.removed);
    expect(Object.keys(before).filter((name) => name in after && before[name] !== after[name])).toEqual(state!.changed);
  });

  test('an added attribute, and one that no code declares', async () => {
    await kit.addNumbers('in', 1, 1);
    const undeclared = {
      state: { count: 0 } as Record<string, number>,
      handler: (_: Fields, { state }: { state: Record<string, number> }) => void (state['extra'] = 1),
    };
    await runOnce(kit, undeclared);
    const { state } = await kit.consumer({ state: { count: 0, later: 1 }, handler }).previewStart();
    expect(state).toMatchObject({ added: ['later'], removed: [], changed: [] });
  });

  test('another serializer: named, and no value counts as changed by it', async () => {
    await storeFirst(kit);
    const options = { ...first(), serializer: superjsonSerializer, previousSerializers: [strictJson] };
    const untouched = await dump(kit);
    expect((await kit.consumer(options).previewStart()).state).toMatchObject({
      serializer: { from: 'json', to: 'superjson' },
      added: [],
      removed: [],
      changed: [],
    });
    expect(await dump(kit)).toEqual(untouched);
  });

  test('a running owner is reported, not fenced, and goes on', async () => {
    await kit.addNumbers('in', 1, 3);
    const owner = await kit.started(first());
    await owner.caughtUp();
    let fenced = 0;
    owner.on('fenced', () => (fenced += 1));
    for (let round = 0; round < 5; round += 1) {
      const preview = await kit.consumer({ ...second(), store: kit.connect() }).previewStart();
      expect(preview).toMatchObject({ exists: true, isOwned: true, state: { removed: ['legacy', 'total'] } });
    }
    await kit.addNumbers('in', 4, 4);
    await owner.caughtUp();
    expect([owner.state.total, fenced]).toEqual([10, 0]);
  });

  test('previewing many times at once, from the running consumer itself too, disturbs nothing', async () => {
    await kit.addNumbers('in', 1, 50);
    const owner = await kit.started({ ...first(), batch: { maxMessages: 3 } });
    const previews = await Promise.all(Array.from({ length: 8 }, () => owner.previewStart()));
    expect(previews.every(({ exists, isOwned }) => exists && isOwned)).toBe(true);
    await owner.caughtUp();
    expect(owner.state.total).toBe(1_275);
  });

  test('a preview, then the start of the same consumer', async () => {
    await storeFirst(kit);
    const consumer = kit.consumer(second());
    await consumer.previewStart();
    expect(consumer.state).toEqual({ sum: 0, numbers: [], label: 'new' });
    await consumer.start();
    expect(consumer.state).toEqual({ sum: 6, numbers: [1, 2, 3], label: 'new' });
    await consumer.stop();
    expect(await consumer.previewStart()).toMatchObject({ exists: true, isOwned: false });
  });

  test('a Persistable: by its uniqueId, and its attributes stay as they were', async () => {
    class Counter extends Persistable.with({ count: 0 }) {
      readonly uniqueId: string = 'counter';
      handle(_message: Fields): void {
        this.count += 1;
      }
    }
    class Later extends Counter.with({ audits: 0 }) {}
    await kit.addNumbers('in', 1, 3);
    await runOnce(kit, { handler: new Counter() });
    const later = new Later();
    expect((await kit.consumer({ handler: later }).previewStart()).state).toMatchObject({
      added: ['audits'],
      removed: [],
    });
    expect(later.count).toBe(0);
  });

  test('a consumer without state previews its positions', async () => {
    await kit.addNumbers('in', 1, 2);
    await runOnce(kit, { handler });
    expect(await kit.consumer({ handler }).previewStart()).toEqual({
      exists: true,
      isOwned: false,
      cursors: await cursorsOf(),
      state: undefined,
    });
  });

  test('a preview rejects with what the start rejects with: corrupt bytes, a lost state, an attribute without a declaration', async () => {
    await storeFirst(kit);
    const keys = { consumerId: 'consumer', scope: kit.name('in') };
    const both = async (options = first()): Promise<unknown[]> => {
      const consumer = kit.consumer(options);
      return [await failureOf(consumer.previewStart()), await failureOf(consumer.start())];
    };
    const missing = await both({ state: { total: 0, numbers: [] }, handler } as never);
    expect(missing[0]).toEqual(missing[1]);
    await kit.backend.corrupt(keys, 'total', '{');
    const corrupt = await both();
    expect(corrupt[0]).toMatchObject({ code: 'ARS_SERIALIZATION', details: { attribute: 'total' } });
    expect(corrupt[0]).toEqual(corrupt[1]);
    await kit.backend.evict('state', keys);
    const lost = await both();
    expect(lost[0]).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(lost[0]).toEqual(lost[1]);
  });

  test('a preview of a store that is closed rejects', async () => {
    const consumer = kit.consumer(first());
    await kit.store.close();
    expect(await failureOf(consumer.previewStart())).toMatchObject({ code: expect.stringMatching(/^ARS_/) });
  });
});
