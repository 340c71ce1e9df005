import { Cluster, Redis } from 'ioredis';
import { expectTypeOf, test } from 'vitest';
import type { IoredisConnection } from '@ars/ioredis';

test('every client that ioredis makes is accepted, whatever its replies are typed as', () => {
  const options = { lazyConnect: true, protocol: 3, replyMapping: 'resp3' } as const;
  expectTypeOf(new Redis({ lazyConnect: true })).toExtend<IoredisConnection>();
  expectTypeOf(new Redis(options)).toExtend<IoredisConnection>();
  expectTypeOf(new Cluster([], { lazyConnect: true })).toExtend<IoredisConnection>();
  expectTypeOf(new Cluster([], { lazyConnect: true, redisOptions: options })).toExtend<IoredisConnection>();
  expectTypeOf({ host: 'localhost', db: 1 }).toExtend<IoredisConnection>();
  expectTypeOf(42).not.toExtend<IoredisConnection>();
});
