import { expect, test } from 'vitest';
import { seedsToRun, simulate } from '../src/index.js';

test('every seed keeps all promises', async () => {
  const counts: Record<string, number> = {};
  const failed: string[] = [];
  for (const seed of seedsToRun(200)) {
    const report = await simulate({ seed }).catch((e) => (failed.push(`${seed}: ${e.problems?.[0] ?? e}`), { counts: {} }));
    for (const [what, count] of Object.entries(report.counts)) counts[what] = (counts[what] ?? 0) + count;
  }
  console.log(counts, failed);
  expect(failed).toEqual([]);
}, 3_600_000);

test('a seed repeats its run step by step', async () => {
  for (const seed of [1, 2, 3]) expect((await simulate({ seed })).trace).toEqual((await simulate({ seed })).trace);
});
