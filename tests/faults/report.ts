import { appendFileSync } from 'node:fs';
import { expect } from 'vitest';

/** The rows of the table of faults, by a short name each. */
export type FaultRow =
  | 'handler fails'
  | 'process killed'
  | 'reply lost or connection cut'
  | 'two owners'
  | 'server restarted, scripts or connections lost'
  | 'failover lost commits'
  | 'server not ready'
  | 'commit refused'
  | 'input vanished'
  | 'stream regressed'
  | 'record or state lost'
  | 'half-open link'
  | 'invalid message'
  | 'store unreachable'
  | 'stored state does not fit'
  | 'bytes that are not text'
  | 'clock'
  | 'cost';

/** What a test has measured. */
export interface FaultFigures {
  /** Faults injected. */
  readonly faults: number;
  /** Messages committed. */
  readonly messages: number;
  /** Outputs that exist more than once. */
  readonly duplicates: number;
  /** Outputs that should exist and do not. */
  readonly losses: number;
}

/**
 * Appends what the current test has measured to the file that `ARS_FAULT_REPORT` names, as one line of JSON; does
 * nothing when it names none. Figures default to 0. Answers what it was given.
 */
export function report<F extends Partial<FaultFigures>>(row: FaultRow, figures: F): F {
  const file = process.env['ARS_FAULT_REPORT'];
  if (!file) return figures;
  const { currentTestName: test, testPath = '' } = expect.getState();
  const path = testPath.split('/').at(-1);
  const { faults = 0, messages = 0, duplicates = 0, losses = 0 } = figures;
  const server = process.env['ARS_REDIS_SERVER'] ?? process.env['ARS_REDIS_IMAGE'] ?? 'default';
  appendFileSync(file, `${JSON.stringify({ row, path, test, server, faults, messages, duplicates, losses })}\n`);
  return figures;
}
