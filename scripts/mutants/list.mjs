import { ENDURANCE } from './core-endurance.mjs';
import { KEYS } from './core-keys.mjs';
import { OWNERSHIP } from './core-ownership.mjs';
import { WORK } from './core-work.mjs';
import { COMMIT } from './script-commit.mjs';
import { CONSUMER_SCRIPTS } from './script-consumer.mjs';
import { STREAM_SCRIPTS } from './script-streams.mjs';

/**
 * One check taken away, or turned to what a plausible mistake would have it be.
 * @typedef {object} Mutant
 * @property {string} name area and what is missing
 * @property {string} file relative to the repository
 * @property {string} find text that must occur once in it
 * @property {string} replace what stands there instead
 * @property {string[]} tests arguments of vitest for the tests that are to notice
 * @property {string} [note] why nothing can notice, for an equivalent one
 * @property {boolean} [equivalent] whether the program behaves as before; then only the text is looked for
 */

/** @type {readonly Mutant[]} */
export const MUTANTS = [
  ...OWNERSHIP,
  ...WORK,
  ...ENDURANCE,
  ...KEYS,
  ...COMMIT,
  ...CONSUMER_SCRIPTS,
  ...STREAM_SCRIPTS,
];
