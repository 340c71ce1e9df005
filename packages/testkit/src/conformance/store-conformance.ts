import type { BehaviourGroup } from './behaviour.js';
import { APPENDING } from './behaviours/appending.js';
import { AUDITING } from './behaviours/auditing.js';
import { CLAIMING } from './behaviours/claiming.js';
import { COMMIT_ANSWERS } from './behaviours/commit-answers.js';
import { COMMIT_CONTENT } from './behaviours/commit-content.js';
import { GLANCING } from './behaviours/glancing.js';
import { INSPECTING } from './behaviours/inspecting.js';
import { KEYED_STATE } from './behaviours/keyed-state.js';
import { LAWS } from './behaviours/laws.js';
import { LOCATING } from './behaviours/locating.js';
import { LOSS } from './behaviours/loss.js';
import { LOSS_HISTORIES } from './behaviours/loss-histories.js';
import { LOSS_LAWS } from './behaviours/loss-laws.js';
import { MOVING } from './behaviours/moving.js';
import { OUTAGES } from './behaviours/outages.js';
import { PERSISTING } from './behaviours/persisting.js';
import { PUBLISHING } from './behaviours/publishing.js';
import { READING } from './behaviours/reading.js';
import { REGISTERING } from './behaviours/registering.js';
import { RELEASING } from './behaviours/releasing.js';
import { RENEWING } from './behaviours/renewing.js';
import { SCANNING } from './behaviours/scanning.js';
import { STATE_OWNING } from './behaviours/state-owning.js';
import { SUSPECTING } from './behaviours/suspecting.js';
import { TRIMMING } from './behaviours/trimming.js';
import { TRIMMING_HISTORIES } from './behaviours/trimming-histories.js';
import { WAITING } from './behaviours/waiting.js';
import { caseOf, type ConformanceCase } from './conformance-case.js';
import type { StoreConformanceOptions } from './subject.js';

const GROUPS: readonly BehaviourGroup[] = [
  READING,
  WAITING,
  LOCATING,
  LOSS,
  LOSS_HISTORIES,
  INSPECTING,
  CLAIMING,
  RENEWING,
  COMMIT_ANSWERS,
  COMMIT_CONTENT,
  PUBLISHING,
  STATE_OWNING,
  RELEASING,
  GLANCING,
  SUSPECTING,
  KEYED_STATE,
  SCANNING,
  APPENDING,
  REGISTERING,
  TRIMMING,
  TRIMMING_HISTORIES,
  MOVING,
  PERSISTING,
  AUDITING,
  OUTAGES,
  LAWS,
  LOSS_LAWS,
];

/**
 * Every promise of the store contract as a case for any test runner, always the same ones in the same order. Nothing is
 * run or connected here.
 *
 * ```ts
 * for (const { name, skip, run } of storeConformance({ create: async () => ({ store, addEntry, …, close }) })) {
 *   test(name, { skip }, run);
 * }
 * ```
 */
export function storeConformance(options: StoreConformanceOptions): readonly ConformanceCase[] {
  return GROUPS.flatMap(({ group, behaviours }) => behaviours.map((behaviour) => caseOf(group, behaviour, options)));
}
