import { expect, test } from 'vitest';
import { registeredConsumers, unregisterConsumer } from '../../src/care/registered-consumers.js';
import type { ConsumerAddress } from '../../src/store/consumer-address.js';
import type { StreamStore } from '../../src/store/stream-store.js';
import { defineStream } from '../../src/transaction/stream-definition.js';

/** A store that takes notes of who is to be taken out. */
function notebook(): { readonly store: StreamStore; readonly addresses: ConsumerAddress[] } {
  const addresses: ConsumerAddress[] = [];
  const unregister = async (address: ConsumerAddress) => addresses.push(address) === 1;
  return { store: { unregister } as unknown as StreamStore, addresses };
}

test('a consumer is found under the address that its options give it', async () => {
  const { store, addresses } = notebook();
  const consumerId = 'billing';
  const orders = defineStream('orders', { retention: 'consumed' });
  expect(await unregisterConsumer(store, { stream: orders, consumerId })).toBe(true);
  expect(await unregisterConsumer(store, { stream: ['{a}x', '{a}y'], consumerId })).toBe(false);
  await unregisterConsumer(store, { stream: ['x'], consumerId, home: 'h', commitsElsewhere: true });
  const rest = { consumerId, stateName: null, isKeyed: false };
  expect(addresses).toEqual([
    { ...rest, home: 'orders', scope: 'orders', streams: ['orders'], readsHere: true },
    { ...rest, home: 'a', scope: '*', streams: ['{a}x', '{a}y'], readsHere: true },
    { ...rest, home: 'h', scope: '*', streams: ['x'], readsHere: false },
  ]);
});

test.each([
  ['stream', { stream: [], consumerId: 'c' }],
  ['stream', { stream: '', consumerId: 'c' }],
  ['consumerId', { stream: 's', consumerId: '' }],
  ['home', { stream: 's', consumerId: 'c', home: '' }],
  ['home', { stream: ['a', 'b'], consumerId: 'c' }],
])('a wrong %s is refused', async (option, consumer) => {
  const { store, addresses } = notebook();
  await expect(unregisterConsumer(store, consumer)).rejects.toMatchObject({
    code: 'ARS_CONFIGURATION',
    details: { option },
  });
  expect(addresses).toEqual([]);
});

test('the consumers of a stream are listed by name', async () => {
  const consumers = async (stream: string) =>
    ['b', 'a'].map((name) => ({ name: `${stream}:${name}`, position: '1-0' }));
  const store = { consumers } as unknown as StreamStore;
  expect(await registeredConsumers(store, defineStream('s', { retention: 'consumed' }))).toEqual([
    { name: 's:a', position: '1-0' },
    { name: 's:b', position: '1-0' },
  ]);
});
