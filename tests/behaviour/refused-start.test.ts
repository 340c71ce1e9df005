import type { Fields, Serializer, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores, type KitConsumerOptions } from './stores.js';
import { failureOf } from './support/deferred.js';
import { taggedJson } from './support/tagged-json.js';

type State = { count: number; list: string[] };
type Variant = KitConsumerOptions<Record<string, unknown>>;

const right = {
  state: (): State => ({ count: 0, list: [] }),
  handler: ({ n }: Fields, { state }: Transaction<State>): void => {
    state.count += 1;
    state.list.push(n!);
  },
};

const handler = (): void => {};
const defaults = { count: 0, list: [] };

const WRONG: [what: string, code: string, options: Variant][] = [
  ['another serializer', 'ARS_STATE_SCHEMA', { state: defaults, serializer: taggedJson, handler }],
  ['a removed attribute', 'ARS_STATE_SCHEMA', { state: { count: 0 }, handler }],
  ['a renamed attribute', 'ARS_STATE_SCHEMA', { state: { count: 0, items: [] }, handler }],
  ['a raised stateVersion without migrate', 'ARS_STATE_SCHEMA', { state: defaults, stateVersion: 2, handler }],
  ['another kind of object', 'ARS_STATE_SCHEMA', { state: { count: 0, list: {} }, handler }],
  ['a list where a number is stored', 'ARS_STATE_SCHEMA', { state: { count: [], list: [] }, handler }],
  ['no state at all', 'ARS_STATE_SCHEMA', { handler }],
];

const CORRUPT: [what: string, bytes: string | Uint8Array][] = [
  ['text that is no JSON', '[1,'],
  ['nothing', ''],
  ['bytes that are no UTF-8', Uint8Array.of(0x22, 0xff, 0x22)],
  ['JSON with more behind it', '[]x'],
  ['the name of code to run', '__proto__'],
];

describeStores((kit) => {
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });
  const dump = () => kit.backend.dump(keys(), kit.name('in'));

  const owned = async () => {
    await kit.addNumbers('in', 1, 3);
    const owner = await kit.started(right);
    await owner.caughtUp();
    return owner;
  };

  test.each(WRONG)(
    '%s refuses to start with %s, changes nothing stored and fences nobody',
    async (_, code, options) => {
      const owner = await owned();
      const before = await dump();
      const error = await failureOf(kit.consumer(options).start());
      expect(error).toMatchObject({ code, details: { consumer: 'consumer' } });
      expect(await dump()).toEqual(before);
      await kit.addNumbers('in', 4, 4);
      await owner.caughtUp();
      await owner.stop();
      expect((await kit.started(right)).state).toEqual({ count: 4, list: ['1', '2', '3', '4'] });
    },
  );

  test.each(CORRUPT)('%s in place of an attribute refuses to start and stays as it is', async (_, bytes) => {
    await (await owned()).stop();
    await kit.backend.corrupt(keys(), 'list', bytes);
    const before = await dump();
    const error = await failureOf(kit.consumer(right).start());
    expect(error).toMatchObject({ code: 'ARS_SERIALIZATION', details: { attribute: 'list', consumer: 'consumer' } });
    expect(await dump()).toEqual(before);
  });

  test('a stored value of another kind refuses to start and stays as it is', async () => {
    await (await owned()).stop();
    await kit.backend.corrupt(keys(), 'list', '{"0":"1"}');
    const before = await dump();
    expect(await failureOf(kit.consumer(right).start())).toMatchObject({
      code: 'ARS_STATE_SCHEMA',
      details: { attribute: 'list' },
    });
    expect(await dump()).toEqual(before);
  });

  test('a serializer that throws, or a lower stateVersion than stored, refuses to start', async () => {
    await (await owned()).stop();
    const throwing: Serializer = {
      name: 'json',
      undefinedProperties: 'deleted',
      serialize: JSON.stringify,
      deserialize: () => {
        throw new TypeError('broken build');
      },
    };
    const before = await dump();
    expect(await failureOf(kit.consumer({ ...right, serializer: throwing }).start())).toMatchObject({
      code: 'ARS_SERIALIZATION',
    });
    const migrated = await kit.started({ ...right, stateVersion: 3, migrate: (stored) => stored });
    await kit.addNumbers('in', 4, 4);
    await migrated.caughtUp();
    await migrated.stop();
    expect(await dump()).not.toEqual(before);
    const later = await dump();
    expect(await failureOf(kit.consumer({ ...right, stateVersion: 2 }).start())).toMatchObject({
      code: 'ARS_STATE_SCHEMA',
    });
    expect(await dump()).toEqual(later);
  });

  test('state given to a consumer that had none begins with its defaults', async () => {
    await kit.addNumbers('in', 1, 2);
    const stateless = await kit.started({ handler });
    await stateless.caughtUp();
    await stateless.stop();
    await kit.addNumbers('in', 3, 3);
    const consumer = await kit.started(right);
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ count: 1, list: ['3'] });
  });

  test('a stored layout of another version refuses to start and stays as it is', async () => {
    if (kit.kind === 'memory') return; // it has one layout only
    await (await owned()).stop();
    const { client } = kit.backend as unknown as {
      client: { hset(key: string, ...fields: string[]): Promise<number> };
    };
    const scope = kit.name('in').replace('{', '%7B').replace('}', '%7D');
    await client.hset(`ars:{${kit.tag}}:consumer:${scope}:consumer`, 'layout', '2');
    const before = await dump();
    expect(await failureOf(kit.consumer(right).start())).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await dump()).toEqual(before);
  });
});
