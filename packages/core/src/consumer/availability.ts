import { isArsError } from '../domain/errors.js';
import type { ArsError } from '../domain/errors.js';

/** Reasons of a store that did not answer at all. */
const UNANSWERED: readonly unknown[] = [undefined, 'CLOSED', 'CONNECTION', 'TIMEOUT'];

/** Whether an error says that a store may be tried again. */
export function isAway(error: unknown): error is ArsError {
  return isArsError(error, 'ARS_STORE_UNAVAILABLE') && error.details['reason'] !== 'CLOSED';
}

/** Whether an error says that a store answered that it cannot serve now, as against not answering. */
export function isNotNow(error: unknown): error is ArsError {
  return isArsError(error, 'ARS_STORE_UNAVAILABLE') && !UNANSWERED.includes(error.details['reason']);
}
