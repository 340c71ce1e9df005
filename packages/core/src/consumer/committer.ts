import type { Environment } from '../domain/environment.js';
import { isArsError, SerializationError } from '../domain/errors.js';
import type { StoredValue } from '../domain/fields.js';
import type { Token } from '../store/claim.js';
import type { Commit, CommitAnswer, StateChange } from '../store/commit.js';
import type { FailedAttempt } from '../store/stored-consumer.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Batch } from '../transaction/batch.js';
import type { RestoredValues } from './restored-values.js';
import type { StatePlan } from './state-plan.js';

type StoredAttribute = readonly [attribute: string, value: StoredValue];

/** The answer to a commit, or the error it met. */
export type CommitResult = { readonly answer: CommitAnswer } | { readonly error: unknown };

/**
 * Turns a batch into a commit and sends it, one at a time (PROTOCOL P5). Each commit names the one before it, so the
 * store can tell a first arrival from a repeat (G4); the content under one commitId never changes.
 */
export class Committer {
  /** The commitId that the next commit is computed on. */
  #base = '';
  #commit: Commit | undefined;
  #result: CommitResult | undefined;
  /** Counts sends, so that a late answer to an earlier one is not taken for the present one's. */
  #sends = 0;
  /** Attributes that the store does not hold yet, or not in their present form. */
  #unstored: Set<string> = new Set();
  #needsHeader = true;
  readonly #plan: StatePlan | undefined;
  readonly #environment: Environment;
  readonly #onResult: () => void;

  constructor(plan: StatePlan | undefined, environment: Environment, onResult: () => void) {
    this.#plan = plan;
    this.#environment = environment;
    this.#onResult = onResult;
  }

  get base(): string {
    return this.#base;
  }

  /** The commit whose answer is awaited or in doubt. */
  get pending(): Commit | undefined {
    return this.#commit;
  }

  /** Continues from a checkpoint: what is stored, and the commit that stored it. */
  restart(base: string, { values, decoded, isOutdated }: RestoredValues): void {
    this.#base = base;
    this.drop();
    this.#needsHeader = true;
    this.#unstored = new Set(this.#plan?.tracked.declared);
    for (const name of values.keys()) this.#unstored.delete(name);
    if (isOutdated) for (const name of [...values.keys(), ...decoded.keys()]) this.#unstored.add(name);
  }

  /** Builds the commit of a batch. Throws `SerializationError` when a changed attribute cannot be stored. */
  prepare(batch: Batch, attempt: FailedAttempt | undefined): void {
    this.#commit = {
      commitId: this.#environment.uniqueToken(),
      base: this.#base,
      cursors: batch.cursors(),
      state: this.#stateChange(batch),
      publishes: batch.publishes,
      attempt,
      suspect: undefined,
    };
  }

  /** Sends the prepared commit, for the first time or again. */
  send(home: ConsumerHome, token: Token): void {
    const commit = this.#commit!;
    const send = ++this.#sends;
    this.#result = undefined;
    const settle = (result: CommitResult): void => {
      if (this.#commit !== commit || this.#sends !== send) return;
      this.#result = result;
      this.#onResult();
    };
    home.commit(token, commit).then(
      (answer) => settle({ answer }),
      (error: unknown) => settle({ error }),
    );
  }

  /** What came of the commit since the last call. */
  takeResult(): CommitResult | undefined {
    const result = this.#result;
    this.#result = undefined;
    return result;
  }

  /** The pending commit was applied. */
  acknowledge(): Commit {
    const commit = this.#commit!;
    this.#base = commit.commitId;
    if (commit.state !== undefined) {
      this.#needsHeader = false;
      this.#unstored.clear();
    }
    this.drop();
    return commit;
  }

  /** Forgets the pending commit. */
  drop(): void {
    this.#commit = undefined;
    this.#result = undefined;
  }

  #stateChange(batch: Batch): StateChange | undefined {
    const plan = this.#plan;
    if (plan === undefined || batch.size === 0) return undefined;
    const { tracked, serializer, version } = plan;
    const touched = tracked.changed(batch.startMark, batch.endMark);
    for (const name of this.#unstored) touched.add(name);
    if (touched.size === 0) return undefined;
    const header = this.#needsHeader ? { version, serializer: serializer.name, declared: tracked.declared } : undefined;
    return tracked.asOf(batch.endMark, (values) => {
      const set: StoredAttribute[] = [];
      const deleted: string[] = [];
      for (const name of touched) {
        if (name in values) set.push([name, this.#serialize(name, values[name])]);
        else deleted.push(name);
      }
      return { header, set, deleted };
    });
  }

  #serialize(name: string, value: unknown): StoredValue {
    try {
      return this.#plan!.serializer.serialize(value);
    } catch (error) {
      const { path, why } = located(name, error);
      throw new SerializationError(`State cannot be stored: ${path} ${why}`, { attribute: name, path }, error);
    }
  }
}

/** Where in the state a value is that cannot be stored, and why, from what a serializer says of the attribute. */
function located(name: string, error: unknown): { readonly path: string; readonly why: string } {
  const inner = isArsError(error) ? error.details['path'] : undefined;
  if (!isArsError(error) || typeof inner !== 'string') return { path: name, why: 'could not be serialized.' };
  const subject = inner === '' ? 'the value' : inner;
  const why = error.message.startsWith(subject) ? error.message.slice(subject.length).trim() : `: ${error.message}`;
  const separator = inner === '' || inner.startsWith('[') ? '' : '.';
  return { path: `${name}${separator}${inner}`, why };
}
