import { type Serializer, strictJson } from '@ars/core';
import { msgpackSerializer } from '@ars/msgpack';
import { superjsonSerializer } from '@ars/superjson';
import { expect, test } from 'vitest';
import type { KitConsumerOptions } from '../behaviour/stores.js';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { dump, first, runOnce, second, storedAttributes, storeFirst } from './support/versions.js';

interface Counted {
  count: number;
  names: string[];
  untouched: { deep: (string | null)[] };
  [extra: string]: unknown;
}

const SERIALIZERS: readonly Serializer[] = [strictJson, superjsonSerializer, msgpackSerializer];
const CHANGES = SERIALIZERS.flatMap((from) =>
  SERIALIZERS.filter((to) => to !== from).map((to) => [from.name, to.name, from, to] as const),
);

const counting = (serializer: Serializer, ...previousSerializers: Serializer[]): KitConsumerOptions<Counted> => ({
  serializer,
  previousSerializers,
  state: { count: 0, names: [], untouched: { deep: ['ü', null] } },
  handler: ({ n }, { state }) => {
    state.count += 1;
    state.names.push(n!);
    if (n === '1') state['extra'] = 'undeclared';
  },
});

describeStores((kit) => {
  /** Every stored attribute, read with one serializer. */
  const storedAs = async (serializer: Serializer): Promise<unknown> => {
    const keys = { consumerId: 'consumer', scope: kit.name('in') };
    const home = await kit.store.openHome({
      ...keys,
      home: kit.tag,
      streams: [keys.scope],
      readsHere: true,
      stateName: undefined,
      isKeyed: false,
    });
    const { record, state } = await home.inspect();
    home.close();
    const values = Array.from(state!.attributes, ([name, value]) => [name, serializer.deserialize(value)] as const);
    return { serializer: record!.serializer, ...Object.fromEntries(values) };
  };

  test.each(CHANGES)(
    '%s to %s: read with the old one, written with the new one by the first commit',
    async (_from, _to, from, to) => {
      await kit.addNumbers('in', 1, 2);
      await runOnce(kit, counting(from));
      const untouched = await storedAttributes(kit);
      const consumer = await kit.started(counting(to, from));
      const restored = { count: 2, names: ['1', '2'], untouched: { deep: ['ü', null] }, extra: 'undeclared' };
      expect(consumer.state).toEqual(restored);
      expect(await storedAttributes(kit)).toEqual(untouched);
      await kit.addNumbers('in', 3, 3);
      await consumer.caughtUp();
      expect(await storedAs(to)).toEqual({ ...restored, serializer: to.name, count: 3, names: ['1', '2', '3'] });
    },
  );

  test.each(CHANGES)(
    '%s to %s: later starts work without the old one, and the old code refuses',
    async (from, _to, old, present) => {
      await kit.addNumbers('in', 1, 1);
      await runOnce(kit, counting(old));
      await kit.addNumbers('in', 2, 2);
      await runOnce(kit, counting(present, old));
      expect((await runOnce(kit, counting(present))).state.names).toEqual(['1', '2']);
      const untouched = await dump(kit);
      expect(await failureOf(kit.consumer(counting(old)).start())).toMatchObject({
        code: 'ARS_STATE_SCHEMA',
        message: expect.stringContaining(`but "${from}" is set`),
      });
      expect(await dump(kit)).toEqual(untouched);
    },
  );

  test('a start without a commit changes nothing: the next one still needs the old serializer', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, counting(strictJson));
    await runOnce(kit, counting(superjsonSerializer, strictJson));
    const untouched = await dump(kit);
    expect(await failureOf(kit.consumer(counting(superjsonSerializer)).start())).toMatchObject({
      code: 'ARS_STATE_SCHEMA',
      message: expect.stringContaining('list it in previousSerializers'),
      details: { serializer: 'json' },
    });
    expect(await dump(kit)).toEqual(untouched);
    expect((await runOnce(kit, counting(strictJson))).state.count).toBe(1);
  });

  test('of several previous serializers, the one that the state is stored in is taken', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, counting(superjsonSerializer));
    const consumer = await kit.started(counting(msgpackSerializer, strictJson, superjsonSerializer));
    expect(consumer.state.names).toEqual(['1']);
  });

  test('a value that the new serializer cannot store is refused at the start, and the owner that runs goes on', async () => {
    const state = { count: 0, last: null as Date | null };
    const handler: KitConsumerOptions<typeof state>['handler'] = ({ n }, transaction) => {
      transaction.state.count += 1;
      transaction.state.last = new Date(Number(n));
    };
    await kit.addNumbers('in', 1, 1);
    const owner = await kit.started({ state, handler, serializer: superjsonSerializer });
    await owner.caughtUp();
    const untouched = await dump(kit);
    const narrower = kit.consumer({ state, handler, store: kit.connect(), previousSerializers: [superjsonSerializer] });
    for (const refused of [() => narrower.previewStart(), () => narrower.start()]) {
      expect(await failureOf(refused())).toMatchObject({ code: 'ARS_STATE_SCHEMA', details: { attribute: 'last' } });
    }
    expect(await dump(kit)).toEqual(untouched);
    await kit.addNumbers('in', 2, 2);
    await owner.caughtUp();
    expect(owner.state.count).toBe(2);
  });

  test('what the new serializer leaves out is gone from memory too, as it is after a restart', async () => {
    const state = { box: { a: 1, b: undefined as number | undefined } };
    const looked: boolean[] = [];
    const options = {
      state,
      previousSerializers: [superjsonSerializer],
      handler: (_: unknown, transaction: { state: typeof state }) => void looked.push('b' in transaction.state.box),
    };
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, { ...options, serializer: superjsonSerializer });
    await kit.addNumbers('in', 2, 2);
    await runOnce(kit, options);
    await kit.addNumbers('in', 3, 3);
    await runOnce(kit, options);
    expect(looked).toEqual([true, false, false]);
  });

  test('a migration and a change of the serializer go together', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    await runOnce(kit, { ...second(), serializer: msgpackSerializer, previousSerializers: [strictJson] });
    expect(await storedAs(msgpackSerializer)).toEqual({
      serializer: 'msgpack',
      sum: 10,
      numbers: [1, 2, 3],
      label: 'new',
    });
  });

  test('a migration may make values that only the new serializer can store, and of values that only the old one could', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    const handler = (): void => {};
    const later = { state: { at: new Date(0) }, stateVersion: 1, serializer: superjsonSerializer, handler };
    await runOnce(kit, {
      ...later,
      previousSerializers: [strictJson],
      migrate: ({ total }) => ({ at: new Date(total as number) }),
    });
    expect(await storedAs(superjsonSerializer)).toEqual({ serializer: 'superjson', at: new Date(6) });
    await kit.addNumbers('in', 5, 5);
    const last = { state: { ms: 0 }, stateVersion: 2, previousSerializers: [superjsonSerializer], handler };
    await runOnce(kit, { ...last, migrate: ({ at }) => ({ ms: (at as Date).getTime() }) });
    expect(await storedAs(strictJson)).toEqual({ serializer: 'json', ms: 6 });
  });

  test('state that was never stored needs no previous serializer', async () => {
    await kit.addNumbers('in', 1, 1);
    await runOnce(kit, { handler: () => {} });
    await kit.addNumbers('in', 2, 2);
    const consumer = await runOnce(kit, counting(msgpackSerializer));
    expect(consumer.state.names).toEqual(['2']);
  });

  test.each([
    [{ previousSerializers: strictJson }, 'previousSerializers'],
    [{ previousSerializers: [{}] }, 'previousSerializers'],
    [{ previousSerializers: [{ ...strictJson, name: '' }] }, 'previousSerializers.name'],
    [{ serializer: 'json' }, 'serializer'],
    [{ migrate: {} }, 'migrate'],
    [{ stateVersion: -1 }, 'stateVersion'],
    [{ stateVersion: 1.5 }, 'stateVersion'],
    [{ stateVersion: '1' }, 'stateVersion'],
  ])('wrong options are named: %o', (options, option) => {
    const wrong = { ...first(), ...options } as KitConsumerOptions<object>;
    expect(() => kit.consumer(wrong)).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option } }),
    );
  });

  test('an attribute that a handler set to undefined comes back as that, with a serializer that keeps it', async () => {
    await kit.addNumbers('in', 1, 2);
    const options: KitConsumerOptions<{ count: number; [extra: string]: unknown }> = {
      serializer: superjsonSerializer,
      state: { count: 0 },
      handler: (_, { state }) => {
        state.count += 1;
        state['extra'] = undefined;
      },
    };
    const before = await kit.started(options);
    await before.caughtUp();
    await before.stop();
    const after = await kit.started(options);
    expect(after.state).toEqual({ count: 2, extra: undefined });
    await after.stop();
  });
});
