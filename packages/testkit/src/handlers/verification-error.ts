import type { Scenario } from './scenario.js';

/**
 * Why a handler was found wanting:
 * `failed` – it fails without any fault; `nondeterministic` – two runs without faults differ;
 * `fault-dependent` – a run with faults differs from one without; `stuck` – a run comes to no end.
 */
export type VerificationProblem = 'failed' | 'nondeterministic' | 'fault-dependent' | 'stuck';

/** A handler does not do what `@ars` promises to its users; the text says at which message and under which fault. */
export class HandlerVerificationError extends Error {
  override readonly name = 'HandlerVerificationError';
  readonly problem: VerificationProblem;
  /** The message, counted from 1, at which it shows first; `undefined` when that cannot be told. */
  readonly messageNumber: number | undefined;
  /** What went wrong in the run that differs. Its seed, where it has one, repeats it. */
  readonly scenario: Scenario;

  constructor(
    problem: VerificationProblem,
    scenario: Scenario,
    messageNumber: number | undefined,
    text: string,
    cause?: unknown,
  ) {
    super(text, cause === undefined ? undefined : { cause });
    this.problem = problem;
    this.scenario = scenario;
    this.messageNumber = messageNumber;
  }
}
