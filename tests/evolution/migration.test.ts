import { type Fields, Persistable } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStore, describeStores } from '../behaviour/stores.js';
import { deferred, nextEvent } from '../behaviour/support/deferred.js';
import type { RedisBackend } from '../behaviour/support/redis-backend.js';
import {
  first,
  FIRST_STORED,
  runOnce,
  second,
  SECOND_STORED,
  storedAttributes,
  storeFirst,
  toSecond,
} from './support/versions.js';

describeStores((kit) => {
  test('migrate gets the stored attributes and their version, before the first message is handled', async () => {
    await storeFirst(kit);
    const calls: unknown[] = [];
    const consumer = await kit.started(
      second((stored, fromVersion) => {
        calls.push([structuredClone(stored), fromVersion]);
        return toSecond(stored, fromVersion);
      }),
    );
    expect(consumer.state).toEqual({ sum: 6, numbers: [1, 2, 3], label: 'new' });
    expect(calls.length).toBeGreaterThan(0);
    for (const call of calls) expect(call).toEqual([{ total: 6, numbers: ['1', '2', '3'], legacy: 'x' }, 0]);
  });

  test('a start alone writes nothing of the migration', async () => {
    await storeFirst(kit);
    const consumer = await kit.started(second());
    await consumer.caughtUp();
    expect(await storedAttributes(kit)).toEqual(FIRST_STORED);
    await consumer.stop();
    expect(await storedAttributes(kit)).toEqual(FIRST_STORED);
    expect((await kit.started(first())).state).toEqual({ total: 6, numbers: ['1', '2', '3'], legacy: 'x' });
  });

  test('the first commit writes every attribute, changed by the message or not, and deletes the removed ones', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    await runOnce(kit, second());
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
  });

  test('after the first commit migrate is not called any more, and is not needed', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    await runOnce(kit, second());
    const { migrate: _, ...later } = second();
    const consumer = await kit.started(later);
    expect(consumer.state).toEqual({ sum: 10, numbers: [1, 2, 3], label: 'new' });
    await consumer.stop();
    const unused = (): never => expect.unreachable('migrate was called for migrated state');
    expect((await kit.started(second(unused))).state).toEqual(consumer.state);
  });

  test('a crash between start and first commit: the next start migrates again, with the same result', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    const isHandling = deferred();
    const frozen = await kit.started({ ...second(), stopTimeoutMs: 1, handler: (_message, { state }) => {
      state.sum = 999;
      isHandling.resolve();
      return new Promise(() => {});
    } }); // prettier-ignore
    await isHandling.promise;
    expect(frozen.state).toEqual({ sum: 6, numbers: [1, 2, 3], label: 'new' });
    expect(await storedAttributes(kit)).toEqual(FIRST_STORED);
    await runOnce(kit, { ...second(), store: kit.connect() });
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
  });

  test('a message that keeps failing does not write the migration, and the old code can still take over', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    const failing = kit.consumer({ ...second(), handler: () => Promise.reject(new Error('always')) });
    const hasFailed = nextEvent(failing, 'retry', ({ attempt }) => attempt === 4);
    await failing.start();
    await hasFailed;
    await failing.stop();
    expect(await storedAttributes(kit)).toEqual(FIRST_STORED);
    expect((await runOnce(kit, first())).state).toEqual({ total: 10, numbers: ['1', '2', '3', '4'], legacy: 'x' });
  });

  test('a message that fails once leaves the migration to the commit of its success', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    const { handler, ...rest } = second();
    const flaky: typeof handler = (message, transaction) => {
      if (typeof handler === 'function') handler(message, transaction);
      if (transaction.entry.attempt === 1) throw new Error('once');
    };
    await runOnce(kit, { ...rest, handler: flaky });
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
  });

  test('migrate may change what it was given, skip versions, and leave attributes undeclared', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    const inPlace = (stored: Record<string, unknown>): Record<string, unknown> => {
      delete stored['legacy'];
      (stored['numbers'] as string[]).push('more');
      stored['undeclared'] = { kept: true };
      return stored;
    };
    const options = {
      state: { total: 0, numbers: [] as string[] },
      stateVersion: 7,
      migrate: inPlace,
      handler: () => {},
    };
    await runOnce(kit, options);
    const stored = { total: '6', numbers: '["1","2","3","more"]', undeclared: '{"kept":true}' };
    expect(await storedAttributes(kit)).toEqual(stored);
  });

  test('migrate that returns no attributes begins anew with the defaults, at the same position', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    await runOnce(
      kit,
      second(() => ({})),
    );
    expect(await storedAttributes(kit)).toEqual({ sum: '4', numbers: '[]', label: '"new"' });
  });

  test('a consumer that never stored a state begins with its defaults, and migrate is not called', async () => {
    await kit.addNumbers('in', 4, 4);
    await runOnce(
      kit,
      second(() => expect.unreachable('there is nothing to migrate')),
    );
    expect(await storedAttributes(kit)).toEqual({ sum: '4', numbers: '[]', label: '"new"' });
  });

  test('the attributes of a Persistable migrate too, inherited ones with them', async () => {
    class Counter extends Persistable.with({ count: 0, legacy: 'x' }) {
      readonly uniqueId = 'counter';
      handle(_message: Fields): void {
        this.count += 1;
      }
    }
    class Base extends Persistable.with({ counted: 0 }) {
      readonly uniqueId: string = 'counter';
      handle(_message: Fields): void {
        this.counted += 1;
      }
    }
    class Audited extends Base.with({ audits: [] as number[] }) {}
    await kit.addNumbers('in', 1, 3);
    await runOnce(kit, { handler: new Counter() });
    const handler = new Audited();
    const migrate = ({ count }: Record<string, unknown>) => ({ counted: count });
    const consumer = await kit.started({ handler, stateVersion: 1, migrate });
    expect([handler.counted, handler.audits]).toEqual([3, []]);
    expect(await storedAttributes(kit, 'counter')).toEqual({ count: '3', legacy: '"x"' });
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
    expect(await storedAttributes(kit, 'counter')).toEqual({ counted: '4', audits: '[]' });
  });
});

describeStore('redis', (kit) => {
  test('commits after the first one write only what their messages changed', async () => {
    const { client } = kit.backend as RedisBackend;
    const key = `ars:{${kit.tag}}:state:${encodeURIComponent(kit.name('in'))}:consumer`;
    await storeFirst(kit);
    const consumer = await kit.started(second());
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
    await client.hset(key, 'a:numbers', '[7]');
    await kit.addNumbers('in', 5, 5);
    await consumer.caughtUp();
    expect(await storedAttributes(kit)).toEqual({ ...SECOND_STORED, sum: '15', numbers: '[7]' });
  });

  test('the hash in Redis holds the new attributes, the new version, and nothing of the old ones', async () => {
    const { client } = kit.backend as RedisBackend;
    const key = `ars:{${kit.tag}}:state:${encodeURIComponent(kit.name('in'))}:consumer`;
    await storeFirst(kit);
    const before = await client.hgetall(key);
    expect(Object.keys(before)).toEqual(expect.arrayContaining(['a:total', 'a:numbers', 'a:legacy']));
    await kit.addNumbers('in', 4, 4);
    await runOnce(kit, second());
    const after = await client.hgetall(key);
    expect(
      Object.keys(after)
        .filter((field) => field.startsWith('a:'))
        .sort(),
    ).toEqual(['a:label', 'a:numbers', 'a:sum']);
    expect([after['a:sum'], after['a:numbers'], after['a:label']]).toEqual(['10', '[1,2,3]', '"new"']);
    const changed = Object.keys(after).filter((field) => !field.startsWith('a:') && after[field] !== before[field]);
    expect(changed.sort()).toEqual(['commit', 'declared', 'version']);
  });
});
