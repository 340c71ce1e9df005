import type { Environment } from '../domain/environment.js';
import type { Token } from '../store/claim.js';
import type { Commit, CommitAnswer } from '../store/commit.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Batch } from '../transaction/batch.js';
import type { Durability } from './durability.js';
import type { StateKeeper } from './state-keeper.js';

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
  readonly #states: StateKeeper;
  readonly #durability: Durability | undefined;
  readonly #environment: Environment;
  readonly #onResult: () => void;

  constructor(states: StateKeeper, durability: Durability | undefined, environment: Environment, onResult: () => void) {
    this.#states = states;
    this.#durability = durability;
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

  /** Continues from the commit that stored the checkpoint. */
  restart(base: string): void {
    this.#base = base;
    this.drop();
  }

  /** Builds the commit of a batch. Throws `SerializationError` when a changed attribute cannot be stored. */
  prepare(batch: Batch, marks: Pick<Commit, 'attempt' | 'suspect'>): void {
    this.#commit = {
      commitId: this.#environment.uniqueToken(),
      base: this.#base,
      cursors: batch.cursors(),
      state: batch.size === 0 ? undefined : this.#states.change(batch),
      publishes: batch.publishes,
      attempt: marks.attempt,
      suspect: marks.suspect,
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
    const answered = home.commit(token, commit);
    (this.#durability?.reached(answered, home, token) ?? answered).then(
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
    this.drop();
    return commit;
  }

  /** Forgets the pending commit. */
  drop(): void {
    this.#commit = undefined;
    this.#result = undefined;
  }
}
