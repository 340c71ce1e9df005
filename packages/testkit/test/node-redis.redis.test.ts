import { describe, inject, test } from 'vitest';
import { createNodeRedisStore } from '@ars/node-redis';
import { storeConformance } from '../src/index.js';
import { RedisSubject } from './support/redis-subject.js';

describe('the store on node-redis', () => {
  for (const { name, run } of storeConformance({
    create: (names) => RedisSubject.connect(createNodeRedisStore, inject('redisUrl'), names),
  })) {
    test.concurrent(name, run);
  }
});
