import { BEGINNING, compareIds } from '../domain/entry-id.js';
import type { EntryId } from '../domain/entry-id.js';
import { ConfigurationError, StreamRegressedError } from '../domain/errors.js';
import { hashTagOf } from '../domain/hash-tag.js';
import type { StreamReader, StreamStore } from '../store/stream-store.js';
import type { StoredEntry } from '../store/stored-entry.js';
import { streamName } from '../transaction/stream-definition.js';
import type { StreamLike } from '../transaction/stream-definition.js';
import { deadLetterOf } from './dead-letter.js';
import type { DeadLetter } from './dead-letter.js';

/** Which dead letters are replayed, and where to. */
export interface ReplayOptions {
  /** The dead-letter stream. */
  readonly from: StreamLike;
  /**
   * The stream that gets the messages. Default: for each the stream that it was read from. Must be given for dead letters
   * of a consumer with a `source`, whose stream is in another store.
   */
  readonly to?: StreamLike;
  /** Whether a dead letter is replayed. Default: all are. What it throws ends the replay. */
  readonly filter?: (letter: DeadLetter) => boolean | Promise<boolean>;
  /** Ends the replay between two batches when aborted; it resolves with the counts until then. */
  readonly signal?: AbortSignal;
}

/** What has become of the entries of a dead-letter stream. */
export interface ReplayAnswer {
  /** Moved by this very call. */
  readonly moved: number;
  /** Not chosen, or no dead letters. */
  readonly kept: number;
  /** Chosen, and left where they are: a consumer that is registered for the dead-letter stream has not committed them yet. */
  readonly held: number;
}

/** How many entries are read at once, and moved in one step, at most. */
const BATCH_MAX = 100;
const READ_BYTES_MAX = 4 * 1024 * 1024;
/** How much is moved in one step: what every server takes, however it is set, unless a single entry is longer. */
const MOVE_BYTES_MAX = 512 * 1024;

const OPTIONS = ['from', 'to', 'filter', 'signal'];

/**
 * Moves dead letters back, with exactly the fields that they had at first. It looks at what is in the dead-letter stream
 * at the call, oldest first. Each is moved exactly once, however often this is interrupted and called again, and also by
 * two calls at once. Rejects with `StoreUnavailableError` when the store goes away in the middle: then some may have been
 * moved, and calling it again does the rest. A target in another slot is a `ConfigurationError`.
 */
export async function replayDeadLetters(store: StreamStore, options: ReplayOptions): Promise<ReplayAnswer> {
  const replay = new Replay(store, options);
  const reader = await store.openReader([replay.from]);
  try {
    await replay.run(reader);
  } finally {
    reader.close();
  }
  return replay.answer;
}

/** One call of `replayDeadLetters`. */
class Replay {
  readonly from: string;
  readonly answer = { moved: 0, kept: 0, held: 0 };
  readonly #store: StreamStore;
  readonly #to: string | undefined;
  readonly #filter: (letter: DeadLetter) => boolean | Promise<boolean>;
  readonly #signal: AbortSignal | undefined;
  readonly #allowed = new Set<string>();

  constructor(store: StreamStore, options: ReplayOptions) {
    const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
    if (unknown !== undefined) {
      throw new ConfigurationError(`${unknown} is not an option of replayDeadLetters.`, { option: unknown });
    }
    const { from, to, filter = () => true, signal } = options;
    this.#store = store;
    this.from = streamName(from);
    this.#to = to === undefined ? undefined : this.#target(streamName(to));
    if (this.#to === this.from)
      throw new ConfigurationError('to must be another stream than from.', { option: 'to', stream: this.from });
    if (typeof filter !== 'function') throw new ConfigurationError('filter must be a function.', { option: 'filter' });
    this.#filter = filter;
    this.#signal = signal;
  }

  get #isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  async run(reader: StreamReader): Promise<void> {
    const [end = BEGINNING] = await this.#store.tail([this.from]);
    let cursor = await reader.locate(this.from, 'beginning');
    while (compareIds(cursor.position, end) < 0 && !this.#isAborted) {
      const bounds = { maxEntries: BATCH_MAX, maxBytes: READ_BYTES_MAX, waitMs: 0 };
      const [read] = await reader.read({ cursors: [cursor], ...bounds });
      if (read === undefined || read.regressed) throw this.#regressed();
      if (read.entries.length === 0) return;
      await this.#replay(read.entries, end);
      ({ cursor } = read);
    }
  }

  async #replay(entries: readonly StoredEntry[], end: EntryId): Promise<void> {
    const chosen = new Map<string, StoredEntry[]>();
    for (const entry of entries) {
      if (compareIds(entry.id, end) > 0) break;
      const letter = deadLetterOf(entry);
      const target = letter === undefined ? undefined : await this.#choose(letter);
      if (target === undefined) {
        this.answer.kept += 1;
        continue;
      }
      const moving = { id: entry.id, fields: letter!.fields };
      const batch = chosen.get(target);
      if (batch === undefined) chosen.set(target, [moving]);
      else batch.push(moving);
    }
    for (const [to, batch] of chosen) for (const portion of portions(batch)) await this.#move(to, portion);
  }

  /** Where a letter goes; `undefined` when it stays, as one does that was read from the dead-letter stream itself. */
  async #choose(letter: DeadLetter): Promise<string | undefined> {
    if (!(await this.#filter(letter))) return undefined;
    const target = this.#to ?? letter.stream;
    return target === this.from ? undefined : this.#target(target);
  }

  async #move(to: string, entries: readonly StoredEntry[]): Promise<void> {
    if (this.#isAborted) return;
    const { moved, held } = await this.#store.move({ from: this.from, to, entries });
    this.answer.moved += moved;
    this.answer.held += held;
  }

  /** Entries are moved in one step, so both streams must have one place. */
  #target(stream: string): string {
    if (this.#allowed.has(stream)) return stream;
    const problem = this.#store.placementProblem(hashTagOf(this.from), stream);
    if (problem !== undefined) {
      throw new ConfigurationError(
        `Dead letters of "${this.from}" cannot be moved to "${stream}": ${problem} Give another stream as to, or leave them out by filter.`,
        { option: 'to', stream: this.from, target: stream },
      );
    }
    this.#allowed.add(stream);
    return stream;
  }

  #regressed(): StreamRegressedError {
    return new StreamRegressedError(
      `Dead-letter stream "${this.from}" was deleted or restored while it was replayed. Calling again is safe.`,
      { stream: this.from },
    );
  }
}

/** Entries in their order, in lists that are short enough to be moved in one step. */
function portions(entries: readonly StoredEntry[]): StoredEntry[][] {
  const lists: StoredEntry[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const size = entry.fields.reduce((sum, field) => sum + Buffer.byteLength(field), 0);
    bytes += size;
    if (bytes <= MOVE_BYTES_MAX) lists.at(-1)!.push(entry);
    else {
      lists.push([entry]);
      bytes = size;
    }
  }
  return lists;
}
