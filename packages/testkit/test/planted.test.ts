import { describe, expect, test } from 'vitest';
import { storeConformance } from '../src/index.js';
import { CARE_BUGS } from './planted/care-bugs.js';
import { COMMIT_BUGS } from './planted/commit-bugs.js';
import { EDGE_BUGS } from './planted/edge-bugs.js';
import { KEYED_BUGS } from './planted/keyed-bugs.js';
import { LIFE_BUGS } from './planted/life-bugs.js';
import { OWNERSHIP_BUGS } from './planted/ownership-bugs.js';
import { READING_BUGS } from './planted/reading-bugs.js';
import { MEMORY_MISSING, memorySubject } from './support/memory-subject.js';

const BUGS = [
  ...READING_BUGS,
  ...COMMIT_BUGS,
  ...OWNERSHIP_BUGS,
  ...LIFE_BUGS,
  ...KEYED_BUGS,
  ...CARE_BUGS,
  ...EDGE_BUGS,
];

describe('the suite catches a store in which', () => {
  test.concurrent.each(BUGS)('$bug', async ({ plant, caughtBy }) => {
    const cases = storeConformance({
      create: async () => memorySubject(plant),
      missing: MEMORY_MISSING,
      timeoutMs: 5_000,
    });
    const catching = cases.find(({ name }) => name === caughtBy);
    expect(catching, `there is a case "${caughtBy}"`).toBeDefined();
    const caught: unknown = await catching!.run().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(String(caught)).toMatch(/^(AssertionError|CommitError|Error: .*took longer than)/);
  });
});
