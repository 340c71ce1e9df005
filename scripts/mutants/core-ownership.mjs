import { behaviour, core, evolution, simulation, testkit } from './filters.mjs';

/** Mutants of one file of the consumer: rows of what is missing, its text, what stands there instead, and the tests. */
export function inConsumer(area, rows) {
  const file = `packages/core/src/consumer/${area}.ts`;
  return rows.map(([what, find, replace, tests, more]) => ({
    ...{ name: `${area}/${what}`, file, find, replace, tests },
    ...more,
  }));
}

/** Who owns the consumer, and the way back after a doubt. */
export const OWNERSHIP = [
  ...inConsumer('recovery', [
    [
      'renews-before-comparing',
      'await ownership.renew(session);',
      "{ outcome: 'held', commitId: (await session.home.inspect()).record!.commitId } as const as Awaited<ReturnType<typeof ownership.renew>>;",
      behaviour('disconnect', 'takeover'),
    ],
    [
      'verdict-applied',
      'if (renewed.commitId === remembered.pending)',
      'if (false)',
      behaviour('takeover', 'disconnect'),
    ],
    [
      'applied-under-which-history',
      "kind: 'applied', sameHistory }",
      "kind: 'applied', sameHistory: true }",
      [...behaviour('rewind'), ...simulation],
    ],
    [
      'verdict-unchanged',
      "if (renewed.commitId === remembered.base && doubt.kind === 'lost')",
      'if (false)',
      behaviour('disconnect'),
    ],
    [
      'stale-is-never-unchanged',
      "renewed.commitId === remembered.base && doubt.kind === 'lost'",
      'renewed.commitId === remembered.base',
      behaviour('gaps', 'rewind'),
    ],
    ['verdict-moved', "sameHistory ? 'unchanged' : 'moved'", "'unchanged'", [...behaviour('rewind'), ...simulation]],
    [
      'verdict-rewound',
      "verdict: { kind: 'rewound', claimed: await reload(session, plan, ownership) }",
      "verdict: { kind: 'moved' }",
      behaviour('rewind'),
    ],
    [
      'reload-admits',
      'const checkpoint = admit(inspection, plan.address, plan.state);',
      'const checkpoint = { ...admit(inspection, plan.address, plan.state), cursors: [] };',
      behaviour('rewind'),
    ],
  ]),
  ...inConsumer('tenure', [
    ['stale-outlasts-lost', "if (this.#doubt?.kind !== 'stale') ", '', [...behaviour('rewind', 'gaps'), ...simulation]],
    [
      'confirm-asks',
      'return (await this.#beat(this.#session!)) && !this.isDoubtful;',
      'return true;',
      behaviour('gap-policy', 'loss-and-takeover'),
    ],
    [
      'applied-must-be-durable',
      "if (resolution.verdict.kind === 'applied') await this.#durability?.reach(resolution.session.home, this.token);",
      '',
      behaviour('durability'),
    ],
    [
      'heartbeat',
      'if (!this.#hasShownLife && !this.isDoubtful) void this.#beat(this.#session!);',
      '',
      behaviour('standby', 'lost-state'),
    ],
    [
      'heartbeat-that-is-not-held',
      "if (!isHeld && session === this.#session) this.suspect('lost');",
      '',
      behaviour('lost-state'),
    ],
    ['releases', 'await session.home.release(this.token);', '', behaviour('stop', 'standby')],
    [
      'not-released-in-doubt',
      "if (!this.isDoubtful && !this.#isGivenUp && this.token.owner !== '')",
      "if (this.token.owner !== '')",
      behaviour('stop', 'takeover', 'start'),
    ],
    [
      'start-tries-again-when-not-now',
      'if (!isNotNow(error)) throw error;',
      'throw error;',
      behaviour('start', 'standby'),
    ],
    [
      'standby-survives-an-outage',
      'if (!isAway(error)) throw error;\n        this.#session?.close();',
      'throw error;',
      behaviour('standby'),
    ],
    [
      'ends-when-store-is-closed',
      'if (!isAway(error)) throw error;\n      this.#doubt',
      'this.#doubt',
      behaviour('closed-store'),
    ],
  ]),
  ...inConsumer('run', [
    [
      'doubt-stops-everything',
      'if (this.#tenure.isDoubtful) await this.#resolveDoubt();\n      else this',
      'if (this.#tenure.isDoubtful) await this.#resolveDoubt();\n      this',
      [...behaviour('rewind', 'disconnect', 'takeover'), ...simulation],
    ],
    [
      'moved-is-read-again',
      'else if (!isSameHistory) this.pipeline.readAgain();',
      '',
      [...behaviour('rewind'), ...simulation],
    ],
    [
      'unchanged-is-sent-again',
      "if (verdict.kind === 'unchanged') this.pipeline.resend(this.#tenure.home, this.#tenure.token);",
      '',
      behaviour('disconnect'),
    ],
    [
      'applied-is-acknowledged',
      "if (verdict.kind === 'applied') this.pipeline.acknowledge();",
      '',
      behaviour('disconnect', 'takeover'),
    ],
    [
      'loss-is-confirmed',
      'if (await this.#tenure.confirm()) this',
      'this',
      behaviour('gap-policy', 'loss-and-takeover'),
    ],
    [
      'nothing-passes-in-doubt',
      'if (this.#tenure.isDoubtful) return false;',
      '',
      [...behaviour('rewind', 'caught-up'), ...simulation],
    ],
    ['caught-up-asks-again', 'if (!isSameHistory) this.caughtUp.askAgain();', '', behaviour('rewind')],
  ]),
  ...inConsumer('ownership', [
    [
      'inspects-before-the-claim',
      'const before = admit(inspection, address, state);',
      'const before = { cursors: inspection.record?.cursors ?? [] };',
      [...evolution('refusals'), ...behaviour('standby', 'refused-start', 'takeover')],
    ],
    ['condition-of-a-standby', 'if (!mayClaim(inspection.record)) return undefined;', '', behaviour('standby')],
    [
      'loss-before-the-claim',
      'if (problem !== undefined) {',
      'if (false) {',
      [...testkit('memory'), ...behaviour('gaps', 'start')],
    ],
    ['owner-may-have-moved', 'if (await hasMoved(session, inspection)) continue;', '', behaviour('loss-and-takeover')],
    [
      'owner-known-before-the-answer',
      'const answer = await session.home.claim(request);',
      "this.#owner = '';\n      const answer = await session.home.claim(request);\n      this.#owner = request.owner;",
      [...behaviour('start', 'takeover', 'disconnect', 'standby'), ...simulation],
    ],
    ['epoch-above-own', 'ownEpoch: this.#epoch,', 'ownEpoch: 0,', [...behaviour('rewind'), ...simulation]],
    [
      'conflict-begins-again',
      "if (answer.outcome === 'conflict') continue;",
      "if (answer.outcome === 'conflict') return undefined;",
      behaviour('takeover', 'standby'),
    ],
    [
      'suspicion-needs-dead-letters',
      'this.#plan.deadLetter !== undefined && !this.#hasOwned',
      '!this.#hasOwned',
      behaviour('poison'),
    ],
    [
      'suspicion-only-of-others',
      '&& !this.#hasOwned && record',
      '&& record',
      [...behaviour('poison', 'rewind'), ...simulation],
    ],
    [
      'released-is-not-suspicious',
      "record !== undefined && record.owner !== '';",
      'record !== undefined;',
      behaviour('poison'),
    ],
    ['renewal-number-grows', 'this.#renewal += 1;', '', [...behaviour('disconnect'), ...simulation]],
    ['gone-ends', "if (answer.outcome === 'gone') {", 'if (false) {', behaviour('lost-state', 'rewind')],
    [
      'overtaken-claims-again',
      "if (answer.epoch < this.#epoch) return { outcome: 'overtaken' };",
      '',
      behaviour('rewind'),
    ],
    [
      'equal-epoch-is-fenced',
      'answer.epoch < this.#epoch',
      'answer.epoch <= this.#epoch',
      [...behaviour('takeover', 'rewind'), ...simulation],
    ],
  ]),
  ...inConsumer('session', [
    [
      'one-history',
      'if (source === store && reader.history !== home.history) {',
      'if (false) {',
      [...behaviour('rewind'), ...simulation],
    ],
    [
      'unknown-history-is-another',
      'reader.history ?? environment.uniqueToken()',
      "reader.history ?? ''",
      [...behaviour('rewind'), ...simulation],
    ],
  ]),
  ...inConsumer('admission', [
    [
      'registered-without-record',
      'if (!isRegistered && state === undefined) return;',
      'if (state === undefined) return;',
      behaviour('lost-state'),
    ],
    [
      'state-without-record',
      'if (!isRegistered && state === undefined) return;',
      'if (!isRegistered) return;',
      behaviour('lost-state'),
    ],
    [
      'layout',
      'if (record.layout !== LAYOUT) {',
      'if (false) {',
      [...behaviour('refused-start'), ...evolution('refusals')],
    ],
    [
      'foreign-state-at-first-start',
      'if (state !== undefined && !state.isOwn) throw foreignState(state, context);\n  if (!isRegistered',
      'if (!isRegistered',
      behaviour('persistable', 'lost-state'),
    ],
    [
      'foreign-state-of-a-known-consumer',
      'if (state !== undefined && !state.isOwn) throw foreignState(state, context);\n  if (state?.commitId',
      'if (state?.commitId',
      behaviour('persistable', 'lost-state'),
    ],
    [
      'state-that-none-declares',
      'if (record.stateCommit === undefined) return NOTHING_STORED;',
      'return NOTHING_STORED;',
      [...evolution('refusals'), ...behaviour('refused-start')],
    ],
    [
      'state-of-another-commit',
      'if (state?.commitId !== record.stateCommit) {',
      'if (false) {',
      behaviour('lost-state'),
    ],
    ['keyed-state-readable', 'demandReadable(record, state, plan, context);', '', behaviour('keyed-evolution')],
  ]),
  ...inConsumer('accession', [
    ['standby-waits', 'ownership.claim(session, isFree);', 'ownership.claim(session);', behaviour('standby')],
    [
      'still-silent',
      '(record) => isFree(record) || isStillSilent(record, result));',
      '() => true);',
      behaviour('standby'),
    ],
    ['still-the-same-heartbeat', ' && record.heartbeat === heartbeat;', ';', behaviour('standby')],
    [
      'still-the-same-owner',
      'return record.owner === owner && record.epoch === epoch &&',
      'return',
      behaviour('standby'),
    ],
    ['casualties-enough-to-wait', 'casualties < plan.retry.attempts || ', '', behaviour('poison')],
    [
      'a-living-owner-is-no-victim',
      'claimed !== undefined && isAlive ?',
      'claimed !== undefined && false ?',
      behaviour('poison'),
    ],
  ]),
  ...inConsumer('owner-watch', [
    ['life-begins-the-lease-anew', 'quietMs = 0;\n    } else', '} else', core('consumer/owner-watch')],
    ['silence-of-the-store', 'Math.min(unseenMs, leaseMs * UNSEEN_MAX)', 'unseenMs', core('consumer/owner-watch')],
    ['heartbeat-moved', ' || before.heartbeat !== now.heartbeat;', ';', core('consumer/owner-watch')],
    [
      'released',
      "if (sight === undefined || sight.owner === '')",
      'if (sight === undefined)',
      core('consumer/owner-watch'),
    ],
    ['called-off', 'while (!control.isOff()) {', 'for (;;) {', core('consumer/owner-watch')],
    ['another-owner', 'before.owner !== now.owner || before.epoch !== now.epoch || ', '', core('consumer/owner-watch')],
  ]),
];
