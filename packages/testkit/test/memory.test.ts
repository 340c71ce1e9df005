import { describe, test } from 'vitest';
import { storeConformance } from '../src/index.js';
import { MEMORY_MISSING, memorySubject } from './support/memory-subject.js';

describe('the memory store', () => {
  for (const { name, skip, run } of storeConformance({
    create: async () => memorySubject(),
    missing: MEMORY_MISSING,
  })) {
    test.skipIf(skip !== undefined)(name, run);
  }
});
