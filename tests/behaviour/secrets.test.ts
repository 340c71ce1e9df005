import { inspect } from 'node:util';
import {
  defineStream,
  type Fields,
  isArsError,
  type StandardSchema,
  StreamConsumer,
  type Transaction,
} from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { afterEach, expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';
import { taggedJson } from './support/tagged-json.js';

/** Stands in every message and in the state; it must not come out anywhere else. */
const SECRET = 'Xyzzy-4711';

type State = { secret: string; value: unknown; list: unknown[] };
type Use = (transaction: Transaction<State>, out: (stream: string) => string) => unknown;

const FAILING: [code: string, use: Use][] = [
  ['ARS_HANDLER', () => { throw new Error('plain'); }],
  ['ARS_MESSAGE_VALIDATION', (transaction, out) => transaction.publish(out('out'), { n: { [SECRET]: SECRET } as never })],
  ['ARS_MESSAGE_VALIDATION', (transaction, out) => transaction.publish(out('out'), { n: `${SECRET}\ud800` })],
  ['ARS_MESSAGE_VALIDATION', (transaction, out) => transaction.publish(out('out'), `${SECRET}` as never)],
  ['ARS_MESSAGE_VALIDATION', (transaction, out) => transaction.publish(out('out'), [SECRET] as never)],
  ['ARS_MESSAGE_VALIDATION', (transaction, out) => {
    for (let n = 0; n <= 10_000; n += 1) transaction.publish(out('out'), { n: SECRET });
  }],
  ['ARS_MESSAGE_VALIDATION', (transaction, out) => {
    for (let n = 0; n <= 16; n += 1) transaction.publish(out('out'), { n: SECRET.repeat(110_000) });
  }],
  ['ARS_COMMIT', (transaction, out) => transaction.publish(out('full'), { n: SECRET })],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = new Map([['key', SECRET]]))],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = new Set([SECRET]))],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = { deep: [{ text: `${SECRET}\ud800` }, Number.NaN] })],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = new (class Holder { secret = SECRET; })())],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = Object.defineProperty({}, 'get', { get: () => SECRET, enumerable: true }))],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = () => SECRET)],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = Symbol(SECRET))],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = Buffer.from(SECRET))],
  ['ARS_SERIALIZATION', ({ state }) => (state.value = new Error(SECRET))],
  ['ARS_STATE_SCHEMA', ({ state }) => (state.list = { secret: SECRET } as never)],
  ['ARS_CONFIGURATION', ({ state }) => delete (state as Partial<State>).secret],
]; // prettier-ignore

describeStores((kit) => {
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });
  const options = {
    state: (): State => ({ secret: SECRET, value: null, list: [SECRET] }),
    retry: { attempts: 6 },
    handler: ({ n }: Fields, { state }: Transaction<State>): void => void (state.value = state.secret = n!),
  };

  const expectSilent = (error: unknown, code: string): void => {
    expect(isArsError(error, code as 'ARS_COMMIT'), String(error)).toBe(true);
    expect(inspect(error, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null })).not.toContain(
      SECRET,
    );
  };

  afterEach(() => {
    for (const line of kit.logger.lines)
      expect(inspect(line, { depth: 20, maxStringLength: null })).not.toContain(SECRET);
  });

  test.each(FAILING)(
    'the error %s of a handler or commit tells nothing of messages and state: %s',
    async (code, use) => {
      await kit.backend.add(kit.name('full'), { n: SECRET }, '18446744073709551615-18446744073709551614');
      await kit.add('in', { n: SECRET });
      const consumer = await kit.started({
        ...options,
        handler: (_: Fields, transaction: Transaction<State>) => use(transaction, (stream) => kit.name(stream)),
      });
      expectSilent(await failureOf(consumer.closed), code);
    },
  );

  test('nor does the error of a message that cannot be decoded', async () => {
    await kit.backend.addBytes(kit.name('in'), [SECRET, Buffer.concat([Buffer.from(SECRET), Buffer.of(0xff)])]);
    const consumer = await kit.started(options);
    expectSilent(await failureOf(consumer.closed), 'ARS_MESSAGE_VALIDATION');
  });

  test('nor does the error of a message that its schema refuses, whatever the schema says', async () => {
    const issues = [{ message: `${SECRET} is wrong`, path: ['n'] }];
    const schema = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } } as StandardSchema<
      Fields,
      Fields
    >;
    await kit.add('in', { json: JSON.stringify(SECRET) });
    const consumer = new StreamConsumer({
      store: kit.store, stream: defineStream(kit.name('in'), { schema }), consumerId: 'typed', logger: kit.logger, handler: () => {},
    }); // prettier-ignore
    await consumer.start();
    expectSilent(await failureOf(consumer.closed), 'ARS_MESSAGE_VALIDATION');
    const publishing = kit.producer().publish(defineStream(kit.name('out'), { schema }), { n: SECRET });
    expectSilent(await failureOf(publishing), 'ARS_MESSAGE_VALIDATION');
  });

  test.each<[string, string | Uint8Array]>([
    ['cut JSON', `{"n":"${SECRET}`],
    ['no JSON', SECRET],
    ['no UTF-8', Buffer.concat([Buffer.from(`"${SECRET}`), Buffer.of(0xff)])],
  ])('nor does the error of stored state that is %s', async (_, bytes) => {
    await kit.add('in', { n: SECRET });
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    await kit.backend.corrupt(keys(), 'value', bytes);
    expectSilent(await failureOf(kit.consumer(options).start()), 'ARS_SERIALIZATION');
    await kit.backend.corrupt(keys(), 'value', JSON.stringify(SECRET));
    expect((await kit.started(options)).state.value).toBe(SECRET);
  });

  test('nor do errors about kinds, serializers, versions, lost state and lost entries', async () => {
    await kit.add('in', { n: SECRET });
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    const refused = async (changes: object): Promise<unknown> =>
      failureOf(kit.consumer({ ...options, ...changes }).start());
    expectSilent(await refused({ serializer: taggedJson }), 'ARS_STATE_SCHEMA');
    expectSilent(await refused({ state: { value: SECRET } }), 'ARS_STATE_SCHEMA');
    expectSilent(await refused({ state: { ...options.state(), list: {} } }), 'ARS_STATE_SCHEMA');
    expectSilent(await refused({ stateVersion: 1 }), 'ARS_STATE_SCHEMA');
    expectSilent(
      await refused({ stateVersion: 1, migrate: () => ({ secret: new Map([[1, SECRET]]) }) }),
      'ARS_STATE_SCHEMA',
    );
    await kit.add('in', { n: SECRET }, { n: SECRET });
    await kit.backend.trim(kit.name('in'), 1);
    expectSilent(await refused({}), 'ARS_STREAM_GAP');
    await kit.backend.deleteStream(kit.name('in'));
    await kit.add('in', { n: SECRET });
    expectSilent(await refused({}), 'ARS_STREAM_REGRESSED');
    await kit.backend.evict('state', keys());
    expectSilent(await refused({}), 'ARS_STATE_LOST');
  });

  test('nor do the errors of a producer', async () => {
    const producer = kit.producer();
    const publish = (message: unknown, idempotencyKey?: string) =>
      failureOf(
        producer.publish(kit.name('full'), message as Fields, idempotencyKey === undefined ? {} : { idempotencyKey }),
      );
    await kit.backend.add(kit.name('full'), { n: 1 }, '18446744073709551615-18446744073709551615');
    expectSilent(await publish({ n: SECRET }), 'ARS_COMMIT');
    expectSilent(await publish({ n: SECRET }, SECRET), 'ARS_COMMIT');
    expectSilent(await publish({ n: [SECRET] }), 'ARS_MESSAGE_VALIDATION');
    expectSilent(await publish({ n: 1 }, `${SECRET}\ud800`), 'ARS_MESSAGE_VALIDATION');
  });

  test('nor does an error hold the password of a server that cannot be reached', async () => {
    if (kit.kind === 'memory') return;
    const store = createIoredisStore(`redis://user:${SECRET}@127.0.0.1:1`);
    expectSilent(await failureOf(kit.consumer({ ...options, store }).start()), 'ARS_STORE_UNAVAILABLE');
    expect(store.name).not.toContain(SECRET);
    await store.close();
  });
});
