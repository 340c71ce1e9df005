import { expect, test } from 'vitest';
import { StreamProducer } from '../../src/producer/stream-producer.js';
import type { AppendRequest, StreamStore } from '../../src/store/stream-store.js';

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
