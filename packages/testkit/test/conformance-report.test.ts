import { expect, test } from 'vitest';
import { conformanceReport, storeConformance } from '../src/index.js';
import { alteredStore } from './planted/altered-store.js';
import { MEMORY_MISSING, memorySubject } from './support/memory-subject.js';

test('a report tells of each promise whether it is kept, broken or untried, and why', async () => {
  const report = await conformanceReport({
    create: async () => memorySubject((memory) => alteredStore(memory, { store: { tail: async () => ['7-7'] } })),
    missing: MEMORY_MISSING,
  });
  expect(report.failed).toBeGreaterThan(0);
  expect(report.passed).toBeGreaterThan(100);
  expect(report.results).toHaveLength(report.passed + report.failed + report.skipped);
  const failed = report.results.find(({ name }) => name === 'appending: tails are of entries that exist');
  expect(failed).toMatchObject({
    outcome: 'failed',
    reason: expect.stringContaining('the tail after the last entry') as string,
  });
  const skipped = report.results.find(({ outcome }) => outcome === 'skipped');
  expect(skipped?.reason).toBe(`no hook "occupy": ${MEMORY_MISSING.occupy}`);
  expect(report.text).toContain(`FAIL ${failed!.name} – `);
  expect(report.text).toMatch(/\d+ passed, \d+ failed, 3 skipped$/);
}, 60_000);

test('a hook that is neither given nor declared missing fails its cases', async () => {
  const cases = storeConformance({ create: async () => ({ ...memorySubject(), evict: undefined }) as never });
  const evicting = cases.filter(({ needs }) => needs.includes('evict'));
  expect(evicting.length).toBeGreaterThan(2);
  for (const { run, skip } of evicting) {
    expect(skip).toBeUndefined();
    await expect(run()).rejects.toThrow(/no hook "evict"/);
  }
});

test('cases have names of their own, the same for every store', () => {
  const names = storeConformance({ create: async () => memorySubject() }).map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(
    storeConformance({ create: async () => memorySubject(), missing: MEMORY_MISSING }).map(({ name }) => name),
  ).toEqual(names);
});

test('a case that hangs fails in time, and the store is closed', async () => {
  let closed = 0;
  const subject = memorySubject((memory) =>
    alteredStore(memory, { reader: () => ({ read: () => new Promise(() => {}) }) }),
  );
  const close = async (): Promise<void> => {
    closed += 1;
    await subject.close();
  };
  const [first] = storeConformance({ create: async () => ({ ...subject, close }), timeoutMs: 50 });
  await expect(first!.run()).rejects.toThrow(/took longer than 50 ms/);
  expect(closed).toBe(1);
});
