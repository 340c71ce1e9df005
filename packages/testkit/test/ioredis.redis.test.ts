import { describe, inject, test } from 'vitest';
import { storeConformance } from '../src/index.js';
import { RedisSubject } from './support/redis-subject.js';

describe('the store on ioredis', () => {
  for (const { name, run } of storeConformance({
    create: (names) => RedisSubject.connect(inject('redisUrl'), names),
  })) {
    test.concurrent(name, run);
  }
});
