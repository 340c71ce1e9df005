import { describe, inject, test } from 'vitest';
import { createIoredisStore } from '@ars/ioredis';
import { storeConformance } from '../src/index.js';
import { RedisSubject } from './support/redis-subject.js';

describe('the store on ioredis', () => {
  for (const { name, run } of storeConformance({
    create: (names) => RedisSubject.connect(createIoredisStore, inject('redisUrl'), names),
  })) {
    test.concurrent(name, run);
  }
});
