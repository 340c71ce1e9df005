import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { KitConsumerOptions } from '../behaviour/stores.js';
import { describeStore, describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import type { RedisBackend } from '../behaviour/support/redis-backend.js';
import {
  dump,
  first,
  FIRST_STORED,
  runOnce,
  second,
  SECOND_STORED,
  storedAttributes,
  storeFirst,
} from './support/versions.js';

const SECRET = 'hunter2-secret-marker';
class Money {
  readonly amount = SECRET;
}
const cyclic: Record<string, unknown> = {};
cyclic['self'] = cyclic;

const RUBBISH: readonly (readonly [string, unknown])[] = [
  ['nothing', undefined],
  ['null', null],
  ['a number', 5],
  ['text', SECRET],
  ['a list', [{ sum: 6 }]],
  ['a promise', Promise.resolve({ sum: 6 })],
  ['a Map', new Map([['sum', 6]])],
  ['a Date', new Date()],
  ['an instance of a class', new Money()],
  ['a function', () => ({ sum: 6 })],
];

const UNSTORABLE: readonly (readonly [string, unknown])[] = [
  ['a function', () => SECRET],
  ['a symbol', Symbol(SECRET)],
  ['an instance of a class', new Money()],
  ['a cycle', cyclic],
  ['undefined', undefined],
  ['a Date, which strict JSON cannot store', new Date()],
  ['a Map, which strict JSON cannot store', new Map([[SECRET, 1]])],
  ['a bigint, which strict JSON cannot store', 5n],
  ['NaN, which strict JSON would change', { deep: [NaN] }],
  ['text that is not well-formed', `${SECRET}\ud800`],
];

describeStores((kit) => {
  /** Starting and previewing reject alike, nothing stored changes, and an owner that is running is not disturbed. */
  async function expectRefusal<S extends object>(options: KitConsumerOptions<S>, error: object): Promise<void> {
    const owner = await kit.started(first());
    const untouched = await dump(kit);
    const consumer = kit.consumer({ ...options, store: kit.connect() });
    expect(await failureOf(consumer.previewStart())).toMatchObject(error);
    const thrown = await failureOf(consumer.start());
    expect(thrown).toMatchObject(error);
    expect(inspect([thrown, (thrown as Error).stack], { depth: 20 })).not.toContain(SECRET);
    expect(await dump(kit)).toEqual(untouched);
    await kit.addNumbers('in', 4, 4);
    await owner.caughtUp();
    expect(owner.state).toEqual({ total: 10, numbers: ['1', '2', '3', '4'], legacy: 'x' });
  }

  test.each(RUBBISH)('migrate that returns %s is refused, and nothing is lost', async (_, rubbish) => {
    await storeFirst(kit);
    await expectRefusal(
      second(() => rubbish as never),
      {
        code: 'ARS_STATE_SCHEMA',
        message: `The state of consumer "consumer" could not be migrated from version 0 to 1. It was left as it is.`,
        details: { consumer: 'consumer', stream: kit.name('in') },
      },
    );
  });

  test.each(UNSTORABLE)('migrate that returns %s in an attribute is refused, and nothing is lost', async (_, value) => {
    await storeFirst(kit);
    await expectRefusal(
      second(() => ({ sum: 6, other: value })),
      { code: 'ARS_STATE_SCHEMA', details: { consumer: 'consumer' } },
    );
  });

  test('the refusal of an attribute that cannot be stored names it', async () => {
    await storeFirst(kit);
    await expectRefusal(
      second(() => ({ sum: 6, when: new Date() })),
      {
        message: expect.stringContaining('Attribute "when"'),
        details: { attribute: 'when' },
        cause: { code: 'ARS_SERIALIZATION' },
      },
    );
  });

  test('migrate that throws is refused with what it threw as the cause, and nothing is lost', async () => {
    await storeFirst(kit);
    const bug = new TypeError('a bug in migrate');
    const migrate = (): never => {
      throw bug;
    };
    await expectRefusal(second(migrate), { code: 'ARS_STATE_SCHEMA', cause: bug });
  });

  test('migrate that gives an attribute another kind than its default is refused', async () => {
    await storeFirst(kit);
    await expectRefusal(
      second(() => ({ sum: 6, numbers: 'no list' })),
      {
        code: 'ARS_STATE_SCHEMA',
        details: { attribute: 'numbers' },
      },
    );
  });

  test('a promise that migrate returned and that rejects is no unhandled rejection', async () => {
    await storeFirst(kit);
    const consumer = kit.consumer(second(() => Promise.reject(new Error('later')) as never));
    expect(await failureOf(consumer.start())).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await storedAttributes(kit)).toEqual(FIRST_STORED);
  });

  test('a raised stateVersion without migrate is refused', async () => {
    await storeFirst(kit);
    await expectRefusal(
      { ...first(), stateVersion: 1 },
      {
        code: 'ARS_STATE_SCHEMA',
        message: expect.stringMatching(/stored in version 0, but stateVersion is 1: give migrate/),
      },
    );
  });

  test('a removed attribute without a migration is refused', async () => {
    await storeFirst(kit);
    await expectRefusal(
      { state: { total: 0, numbers: [] as string[] }, handler: () => {} },
      {
        code: 'ARS_STATE_SCHEMA',
        message: expect.stringMatching(/"legacy".*raise stateVersion and give migrate/),
        details: { attribute: 'legacy' },
      },
    );
  });

  test('older code refuses newer state, says which versions, and leaves it as it was', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    const newer = await kit.started(second());
    await newer.caughtUp();
    const untouched = await dump(kit);
    for (const older of [first(), { ...first(), migrate: () => ({}) }]) {
      const consumer = kit.consumer({ ...older, store: kit.connect() });
      expect(await failureOf(consumer.start())).toMatchObject({
        code: 'ARS_STATE_SCHEMA',
        message: expect.stringMatching(/version 1, which is newer than this code's stateVersion 0/),
      });
    }
    expect(await dump(kit)).toEqual(untouched);
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
    await kit.addNumbers('in', 5, 5);
    await newer.caughtUp();
    expect(newer.state.sum).toBe(15);
  });

  test('older code takes over as long as the newer one has committed nothing', async () => {
    await storeFirst(kit);
    await runOnce(kit, second());
    expect((await kit.started(first())).state).toEqual({ total: 6, numbers: ['1', '2', '3'], legacy: 'x' });
  });
});

describeStore('redis', (kit) => {
  test.each(['x', '1.5', undefined])('a stored version that is damaged (%o) refuses to start', async (version) => {
    const { client } = kit.backend as RedisBackend;
    const key = `ars:{${kit.tag}}:state:${encodeURIComponent(kit.name('in'))}:consumer`;
    await storeFirst(kit);
    if (version === undefined) await client.hdel(key, 'version');
    else await client.hset(key, 'version', version);
    const untouched = await dump(kit);
    for (const options of [first(), second()] as KitConsumerOptions<object>[]) {
      expect(await failureOf(kit.consumer(options).start())).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    }
    expect(await dump(kit)).toEqual(untouched);
  });
});
