import { expect, test } from 'vitest';
import { systemEnvironment } from '../../src/domain/environment.js';
import { consoleLogger } from '../../src/domain/logger.js';
import { StreamProducer } from '../../src/producer/stream-producer.js';
import type { AppendRequest, StreamStore } from '../../src/store/stream-store.js';
import { defineStream } from '../../src/transaction/stream-definition.js';

/** A store that takes notes and appends nothing. */
function notebook(): { readonly store: StreamStore; readonly requests: AppendRequest[] } {
  const requests: AppendRequest[] = [];
  const append = async (request: AppendRequest) => {
    requests.push(request);
    return { id: `${requests.length}-0`, isRepeat: false };
  };
  return { store: { append } as unknown as StreamStore, requests };
}

test('a message reaches the store in stored form, with its key', async () => {
  const { store, requests } = notebook();
  const producer = new StreamProducer({ store });
  expect(await producer.publish('out', { n: 1, big: 2n })).toBe('1-0');
  expect(await producer.publish('out', { n: 2 }, { idempotencyKey: 'k' })).toBe('2-0');
  expect(requests).toEqual([
    { stream: 'out', fields: ['n', '1', 'big', '2'], idempotencyKey: undefined },
    { stream: 'out', fields: ['n', '2'], idempotencyKey: 'k' },
  ]);
});

test('nothing that is invalid reaches the store', async () => {
  const { store, requests } = notebook();
  const producer = new StreamProducer({ store });
  await expect(producer.publish('', { n: 1 })).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
  await expect(producer.publish('out', {})).rejects.toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
  await expect(producer.publish('out', { n: 1 }, { idempotencyKey: '' })).rejects.toMatchObject({
    code: 'ARS_MESSAGE_VALIDATION',
  });
  expect(requests).toEqual([]);
});

test('what the store rejects with is passed on', async () => {
  const failure = new Error('away');
  const store = { append: () => Promise.reject(failure) } as unknown as StreamStore;
  await expect(new StreamProducer({ store }).publish('out', { n: 1 })).rejects.toBe(failure);
});

test('a stream with a retention is trimmed after a publish, at most once a second; others never are', async () => {
  const { store } = notebook();
  const trims: string[] = [];
  const trim = async (stream: string) => trims.push(stream);
  let now = 0;
  const environment = { ...systemEnvironment, now: () => now, after: () => expect.fail('a producer sets no timer') };
  const producer = new StreamProducer({ store: { ...store, trim } as unknown as StreamStore, environment });
  const out = defineStream('out', { retention: { maxLength: 2 } });
  for (let n = 0; n < 5; n += 1) await producer.publish(out, { n });
  await producer.publish('other', { n: 1 });
  expect(trims).toEqual(['out']);
  now = 1_000;
  await producer.publish(out, { n: 5 });
  expect(trims).toEqual(['out', 'out']);
});

test('a stream that cannot be trimmed is a warning, not a failed publish', async () => {
  const { store } = notebook();
  const trim = () => Promise.reject(new Error('no right'));
  const warnings: string[] = [];
  const logger = { ...consoleLogger, warn: (message: string) => warnings.push(message) };
  const producer = new StreamProducer({ store: { ...store, trim } as unknown as StreamStore, logger });
  expect(await producer.publish(defineStream('out', { retention: 'consumed' }), { n: 1 })).toBe('1-0');
  await new Promise((resolve) => setImmediate(resolve));
  expect(warnings).toEqual([expect.stringContaining('"out"')]);
});

test('a logger that rejects when it is told of that harms nobody', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  const { store } = notebook();
  let calls = 0;
  const warn = (): Promise<void> => {
    calls += 1;
    return Promise.reject(new Error('full disk'));
  };
  const trim = () => Promise.reject(new Error('no right'));
  const logger = { ...consoleLogger, warn };
  const producer = new StreamProducer({ store: { ...store, trim } as unknown as StreamStore, logger });
  await producer.publish(defineStream('out', { retention: 'consumed' }), { n: 1 });
  for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  expect([calls, unhandled]).toEqual([1, []]);
});
