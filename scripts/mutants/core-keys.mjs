import { behaviour, core } from './filters.mjs';
import { inConsumer } from './rows.mjs';

const keyed = behaviour('keyed-state', 'keyed-loading', 'keyed-losses', 'concurrency');
const loads = [...core('consumer/keyed-loader'), ...keyed];
const ahead = behaviour('keyed-ahead');
const expiry = behaviour('key-sweep', 'key-expiry');
const sweep = [...core('consumer/key-sweep'), ...expiry];
const keeper = core('consumer/keyed-keeper');
const concurrency = behaviour('concurrency');
const handling = core('consumer/concurrent-handling');

/** State a key, and several messages at once. */
export const KEYS = [
  ...inConsumer('keyed-keeper', [
    ['undo', 'state.tracked.undoTo(start);', '', keyed],
    ['undo-of-the-expiry', 'state.expiresAt = expiredAt;', '', expiry],
    ['undo-newest-first', '[...batches].reverse()', 'batches', [...keyed, ...expiry]],
    [
      'undo-unpins',
      'state.expiresAt = expiredAt;\n        this.#states.unpin(state);',
      'state.expiresAt = expiredAt;',
      [...keeper, ...keyed],
    ],
    ['committed-is-forgotten', 'state.tracked.forget(end);', '', keyed],
    [
      'committed-is-unpinned',
      'this.#sweep.renewed(state.key);\n      this.#states.unpin(state);',
      'this.#sweep.renewed(state.key);',
      keyed,
    ],
    ['read-only-is-unpinned', 'this.#states.unpin(state);\n    }\n  }\n\n  undo', '}\n  }\n\n  undo', keyed],
    [
      'cleared-is-deleted',
      'if (touch.isCleared) deleted.push(state.key);\n      else set',
      'set',
      behaviour('keyed-state', 'key-expiry'),
    ],
    ['state-as-of-the-batch', 'touch.end, this.#expiryOf(touch)', 'state.tracked.mark, this.#expiryOf(touch)', keyed],
    ['batch-covers-later-messages', 'if (hasChanged) Object.assign(known!, { end, isCleared, expiresAt });', '', keyed],
    [
      'header-once-more-after-a-restart',
      'this.#sweep.reset();\n    this.#needsHeader = true;',
      'this.#sweep.reset();',
      [...keeper, ...behaviour('keyed-state', 'keyed-evolution', 'rewind')],
    ],
    [
      'header-stays-needed-until-stored',
      'if (change !== undefined) this.#needsHeader = false;',
      'this.#needsHeader = false;',
      behaviour('keyed-state', 'keyed-evolution'),
    ],
    [
      'restart-clears-the-cache',
      'this.#states.clear();',
      '',
      [...keeper, ...behaviour('keyed-loading', 'keyed-state', 'rewind', 'standby')],
    ],
  ]),
  ...inConsumer('keyed-loader', [
    [
      'answers-of-an-old-connection',
      'if (home !== this.#home) return this.#drop(generation, keys);\n      if (answer',
      'if (answer',
      loads,
    ],
    [
      'failures-of-an-old-connection',
      'if (home !== this.#home) return this.#drop(generation, keys);\n      this.#states',
      'this.#states',
      loads,
    ],
    ['fenced-is-a-doubt', 'else this.#listener.onDoubt();', '', loads],
    [
      'lost-state-ends',
      "if (answer.outcome === 'gone' && answer.what === 'state') this.#listener.onStateLost();\n    else",
      'if (false) this.#listener.onStateLost();\n    else',
      loads,
    ],
    [
      'unavailable-is-a-doubt',
      "if (isArsError(error, 'ARS_STORE_UNAVAILABLE')) this.#listener.onDoubt(error);\n      else",
      '',
      loads,
    ],
    [
      'reset-lets-wanted-keys-be-asked-again',
      'this.#states.forgo(this.#states.generation, this.#wanted);',
      '',
      [...core('consumer/keyed-loader'), ...behaviour('keyed-state', 'keyed-loading', 'rewind')],
    ],
  ]),
  ...inConsumer('keyed-line', [
    ['waits-bounded-by-bytes', ' || (this.#size > 0 && this.#bytes >= this.#plan.batch.maxBytes)', '', ahead],
    ['cautious-asks-nothing-ahead', ' || this.#feed.isCautious', '', behaviour('poison-ahead')],
    ['loads-go-out-first', 'return this.#loader.takeSent();', 'return false;', ahead],
  ]),
  {
    name: 'batch/bytes-of-keys',
    file: 'packages/core/src/transaction/batch.ts',
    find: 'this.#bytesOut += state.storedBytes;',
    replace: 'void state;',
    tests: ahead,
  },
  {
    name: 'keyed-states/generation',
    file: 'packages/core/src/state/keyed-states.ts',
    find: 'if (generation !== this.#generation) return;\n    const states',
    replace: 'const states',
    tests: [...keyed, '--project=core', 'packages/core/test/state/keyed-states'],
  },
  ...inConsumer('key-sweep', [
    ['renewed-while-a-page-is-awaited', ' && !this.#renewed.has(key)', '', sweep],
    ['in-use-when-found', 'isOver && !this.#isInUse(key) &&', 'isOver &&', sweep],
    ['in-use-when-deleted', '.filter((key) => !this.#isInUse(key))', '', sweep],
    ['renewed-is-no-candidate', 'this.#expired.delete(key);', '', sweep],
    ['page-of-an-earlier-run', 'if (run !== this.#run) return;', '', sweep],
    [
      'expired-by-all-streams',
      'passed = Math.min(passed, timestampOf(position));',
      'passed = timestampOf(position);',
      sweep,
    ],
    ['only-expired-ones', 'expiresAt !== undefined && expiresAt <= upTo', 'expiresAt !== undefined', sweep],
    ['only-with-a-time-to-live', 'if (!this.#isOn || this.#isSweeping', 'if (this.#isSweeping', sweep],
  ]),
  ...inConsumer('concurrent-handling', [
    [
      'unpinned-when-it-goes-back',
      'this.#parts.putBack(delivery);\n    delivery.prepared = undefined;',
      'delivery.prepared = undefined;\n    this.#parts.putBack(delivery);',
      behaviour('keyed-loading'),
    ],
    [
      'finished-prefix-only',
      'while (this.#slots[0]?.isFinished === true && this.#parts.mayStage()) {\n      const slot = this.#slots.shift()!;',
      'while (this.#slots.some((one) => one.isFinished) && this.#parts.mayStage()) {\n      const [slot] = this.#slots.splice(this.#slots.findIndex((one) => one.isFinished), 1) as [Slot];',
      concurrency,
    ],
    [
      'same-key-in-order',
      'if (this.#queues.join(slot)) this.#ready.push(slot);',
      'this.#queues.join(slot);\n    this.#ready.push(slot);',
      concurrency,
    ],
    [
      'no-more-than-allowed',
      'this.#ready.length > 0 && runner.running < concurrency',
      'this.#ready.length > 0',
      concurrency,
    ],
    [
      'one-by-one',
      'return this.#parts.isOneByOne() ? 1 : most;',
      'return most;',
      [...concurrency, ...behaviour('poison')],
    ],
    ['window-is-bounded', 'this.#room(windowOf(concurrency))', 'this.#room(Infinity)', concurrency],
    ['window-is-bounded-in-bytes', ' && this.#bytes < maxBytes', '', concurrency],
    ['unknown-key-holds-back', 'if (this.#isLastWithoutKey()) return;', '', concurrency],
    ['undone-newest-first', '[...this.#slots].reverse()', 'this.#slots', [...handling, ...concurrency]],
    ['failed-is-undone', 'transaction.undo();\n    slot', 'slot', [...concurrency, ...behaviour('dead-letter')]],
    [
      'retry-waits-for-its-time',
      'if (this.#parts.isWaiting(slot.delivery)) continue;',
      '',
      [...handling, ...concurrency],
    ],
    [
      'full-batch-holds-back',
      'this.#slots[0]?.isFinished === true && this.#parts.mayStage()',
      'this.#slots[0]?.isFinished === true',
      [...handling, ...concurrency],
    ],
    [
      'ending-drops-what-is-behind',
      'const behind = this.abort(ending.error);',
      'const behind: Delivery[] = [];',
      concurrency,
    ],
    [
      'lingering-handlers-block',
      'if (runner.isLingering || !this.#parts.mayStart()) return;',
      'if (!this.#parts.mayStart()) return;',
      [...handling, ...concurrency, ...behaviour('rewind')],
    ],
    [
      'closing-starts-nothing',
      'if (runner.isLingering || !this.#parts.mayStart()) return;',
      'if (runner.isLingering) return;',
      concurrency,
    ],
  ]),
];
