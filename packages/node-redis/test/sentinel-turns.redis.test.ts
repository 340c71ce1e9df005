import { afterEach, expect, inject, test } from 'vitest';
import { addressOf, freshTag } from '../../redis-protocol/test/adapter/round-trip.js';
import { bulk, StubNodes } from '../../redis-protocol/test/adapter/stub-nodes.js';
import { nodeRedis } from './support/under-test.js';

const stubs = new StubNodes();
afterEach(() => stubs.end());

const namingMaster = (port: number) =>
  stubs.start((command) => (/^client/i.test(command) ? '+OK\r\n' : `*2\r\n${bulk('127.0.0.1')}${bulk(String(port))}`));

test('a sentinel that answers is found behind four that are mute, and they are not asked again', async () => {
  const sentinels = [...(await stubs.startMute(4)), await namingMaster(Number(new URL(inject('redisUrl')).port))];
  const store = nodeRedis.store(nodeRedis.sentinels(sentinels), { connectTimeoutMs: 600 });
  const address = addressOf(freshTag());
  await expect(store.openHome(address)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
  for (let i = 0; i < 10; i += 1) (await store.openHome(address)).close();
  await store.close();
});

test('a sentinel that names a master which is gone is asked after the others', async () => {
  const sentinels = [await namingMaster(1), await namingMaster(Number(new URL(inject('redisUrl')).port))];
  const store = nodeRedis.store(nodeRedis.sentinels(sentinels));
  const address = addressOf(freshTag());
  await expect(store.openHome(address)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
  for (let i = 0; i < 5; i += 1) (await store.openHome(address)).close();
  await store.close();
});
