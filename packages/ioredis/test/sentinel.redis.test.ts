import { expect, test } from 'vitest';
import { createIoredisStore } from '@ars/ioredis';
import { findStartableRedis } from '../../../tests/support/redis.js';
import { startServer } from '../../../tests/support/server.js';
import { freshTag, roundTrip } from './support/round-trip.js';
import { startSentinel } from './support/sentinel.js';

const source = await findStartableRedis();

// A sentinel is started from a binary and its configuration file; in a container its port would not be reachable.
test.skipIf(source.kind !== 'binary')('each connection asks the sentinels for the master', async () => {
  await using first = await startServer();
  await using second = await startServer();
  await using sentinel = await startSentinel(source.kind === 'binary' ? source.path : '', first.port);
  const sentinels = [
    { host: '127.0.0.1', port: 1 },
    { host: '127.0.0.1', port: sentinel.port },
  ];
  const store = createIoredisStore({ sentinels, name: 'mymaster' });
  expect(await roundTrip(store, freshTag())).toMatchObject({ outcome: 'committed' });
  const before = (await store.openReader()).history;
  await sentinel.moveTo(second.port);
  const after = (await store.openReader()).history;
  expect(before).toBeTypeOf('string');
  expect(after).not.toBe(before);
  await store.close();
});
