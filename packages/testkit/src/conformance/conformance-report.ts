import { storeConformance } from './store-conformance.js';
import type { StoreConformanceOptions } from './subject.js';

/** How one promise fared. */
export interface ConformanceResult {
  readonly name: string;
  readonly group: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it was skipped, or what it failed with; empty when it passed. */
  readonly reason: string;
}

/** How a store fared. */
export interface ConformanceReport {
  readonly results: readonly ConformanceResult[];
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** All of it as lines of text, for a console. */
  readonly text: string;
}

/** Tries every promise of the contract, one after another, and tells how each fared. Never rejects. */
export async function conformanceReport(options: StoreConformanceOptions): Promise<ConformanceReport> {
  const results: ConformanceResult[] = [];
  for (const { name, group, skip, run } of storeConformance(options)) {
    if (skip !== undefined) {
      results.push({ name, group, outcome: 'skipped', reason: skip });
      continue;
    }
    const reason = await failureOf(run);
    results.push({ name, group, outcome: reason === undefined ? 'passed' : 'failed', reason: reason ?? '' });
  }
  const count = (outcome: string): number => results.filter((result) => result.outcome === outcome).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  return { results, ...counts, text: textOf(results, counts) };
}

async function failureOf(run: () => Promise<void>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const MARKS = { passed: 'ok  ', failed: 'FAIL', skipped: 'skip' } as const;

function textOf(results: readonly ConformanceResult[], counts: Record<ConformanceResult['outcome'], number>): string {
  const lines = results.map(
    ({ name, outcome, reason }) => `${MARKS[outcome]} ${name}${reason === '' ? '' : ` – ${reason}`}`,
  );
  return [...lines, `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`].join('\n');
}
