import {
  type ClaimAnswer,
  type ClaimRequest,
  type Commit,
  type CommitAnswer,
  compareIds,
  type ConsumerAddress,
  type ConsumerHome,
  type Inspection,
  type RenewAnswer,
  StateOwnershipError,
  type StreamCursor,
  type Token,
} from '@ars/core';
import type { Change, FileRecord } from './content.js';
import { storedValue, type FileDatabase } from './file-database.js';

/** Where one consumer commits: each method checks, then writes one line of the journal, in one go. */
export class FileHome implements ConsumerHome {
  readonly history: string;
  readonly #database: FileDatabase;
  readonly #address: ConsumerAddress;
  readonly #name: string;
  readonly #stateName: string | null;
  #isClosed = false;

  constructor(database: FileDatabase, address: ConsumerAddress) {
    this.history = database.history;
    this.#database = database;
    this.#address = address;
    const { home, scope, consumerId, stateName } = address;
    this.#name = JSON.stringify([home, scope, consumerId]);
    this.#stateName = stateName === undefined ? this.#name : stateName && JSON.stringify([home, stateName]);
  }

  async inspect(): Promise<Inspection> {
    this.#check();
    const { records, states, registered } = this.#database.content;
    const { renewal: _, seenMs, ...record } = records.get(this.#name) ?? { renewal: 0, seenMs: 0 };
    const state = this.#stateName === null ? undefined : states.get(this.#stateName);
    const isRegistered = this.#read().some((stream) => registered.has(JSON.stringify([stream, this.#name])));
    return {
      isRegistered,
      record: 'owner' in record ? { ...record, quietMs: Math.max(0, Date.now() - seenMs) } : undefined,
      state: state && {
        owner: state.owner,
        isOwn: state.owner === this.#name,
        commitId: state.commitId,
        version: state.header.version,
        declared: state.header.declared,
        attributes: new Map(state.attributes),
      },
    };
  }

  async claim({ owner, expectedEpoch, ownEpoch, starts }: ClaimRequest): Promise<ClaimAnswer> {
    this.#check();
    const record = this.#record;
    if (record?.owner !== owner) {
      if ((record?.epoch ?? 0) !== expectedEpoch) return { outcome: 'conflict' };
      const fresh = { layout: '1', commitId: owner, stateCommit: undefined, serializer: undefined, attempt: undefined };
      const epoch = Math.max(expectedEpoch, ownEpoch) + 1;
      this.#write({ ...fresh, ...record, owner, epoch, renewal: 0, cursors: merged(starts, record?.cursors ?? []) });
    }
    return { outcome: 'claimed', epoch: this.#record!.epoch, inspection: await this.inspect() };
  }

  async renew({ owner, renewal }: Token): Promise<RenewAnswer> {
    this.#check();
    const record = this.#record;
    if (record === undefined) return { outcome: 'gone' };
    if (record.owner !== owner || owner === '' || renewal < record.renewal) {
      return { outcome: 'fenced', epoch: record.epoch };
    }
    this.#write({ ...record, renewal });
    return { outcome: 'held', commitId: record.commitId };
  }

  async commit(token: Token, commit: Commit): Promise<CommitAnswer> {
    this.#check();
    const record = this.#record;
    if (record === undefined) return { outcome: 'gone', what: 'record' };
    if (!this.#holds(token)) return { outcome: 'fenced' };
    if (record.commitId === commit.commitId) return { outcome: 'already' };
    if (record.commitId !== commit.base || this.#isAhead(commit.cursors)) return { outcome: 'stale' };
    const stored = this.#stateName === null ? undefined : this.#database.content.states.get(this.#stateName);
    if (stored !== undefined && stored.owner !== this.#name) {
      throw new StateOwnershipError(`The state of consumer "${this.#address.consumerId}" belongs to ${stored.owner}.`);
    }
    if (stored?.commitId !== record.stateCommit) return { outcome: 'gone', what: 'state' };
    const { commitId, attempt, state, publishes } = commit;
    const next = { ...record, commitId, attempt, cursors: merged(record.cursors, commit.cursors) };
    const appended = this.#database.placed(publishes); // throws when an entry cannot be placed; nothing is written yet
    if (state === undefined || this.#stateName === null) this.#write(next, { appended });
    else {
      const header = state.header ?? stored!.header;
      const set = state.set.map(([name, value]) => [name, storedValue(value)] as const);
      const change = { owner: this.#name, commitId, header, set, deleted: state.deleted };
      const withState = { ...next, stateCommit: commitId, serializer: header.serializer };
      this.#write(withState, { appended, state: [this.#stateName, change] });
    }
    return { outcome: 'committed' };
  }

  async release(token: Token): Promise<void> {
    this.#check();
    if (this.#holds(token)) this.#write({ ...this.#record!, owner: '' });
  }

  close(): void {
    this.#isClosed = true;
  }

  get #record(): FileRecord | undefined {
    return this.#database.content.records.get(this.#name);
  }

  #check(): void {
    this.#database.check(this.#isClosed);
  }

  #holds({ owner, renewal }: Token): boolean {
    return owner !== '' && this.#record?.owner === owner && this.#record.renewal === renewal;
  }

  #read(): readonly string[] {
    return this.#address.readsHere ? this.#address.streams : [];
  }

  /** A stream that is behind the position which the commit moves to is not the one that was read. */
  #isAhead(cursors: readonly StreamCursor[]): boolean {
    if (!this.#address.readsHere) return false;
    return cursors.some(({ stream, position, read }) => {
      const { lastId, added } = this.#database.content.stream(stream);
      return compareIds(position, lastId) > 0 || read > added;
    });
  }

  #write(record: Omit<FileRecord, 'seenMs'>, rest: Change = {}): void {
    this.#database.write({ ...rest, record: [this.#name, { ...record, seenMs: Date.now() }, this.#read()] });
  }
}

/** Cursors by stream; the later ones win. */
function merged(earlier: readonly StreamCursor[], later: readonly StreamCursor[]): StreamCursor[] {
  return [...new Map([...earlier, ...later].map((cursor) => [cursor.stream, cursor])).values()];
}
