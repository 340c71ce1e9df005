import {
  type ClaimAnswer,
  type ClaimRequest,
  type Commit,
  type CommitAnswer,
  ConfigurationError,
  type ConsumerAddress,
  type ConsumerHome,
  type Inspection,
  type LoadAnswer,
  type OwnerSight,
  type RenewAnswer,
  type StatePage,
  type Token,
} from '@ars/core';
import type { Database } from '../store/database.js';
import type { Link } from '../store/links.js';
import { claim } from './claim.js';
import { applyCommit } from './commit.js';
import { type ConsumerPlace, inspect, placeOf } from './consumer-place.js';
import { isHeldBy, showLife } from './consumer-record.js';
import { load, scan } from './keyed-state.js';

/**
 * Where one consumer claims and commits in a memory store. Each method takes effect as one step at the call, before
 * its promise is handed out, and answers in a microtask.
 */
export class MemoryHome implements ConsumerHome {
  readonly history: string;
  readonly #database: Database;
  readonly #link: Link;
  readonly #place: ConsumerPlace;
  readonly #now: () => number;

  constructor(database: Database, link: Link, address: ConsumerAddress, now: () => number) {
    this.history = database.history;
    this.#database = database;
    this.#link = link;
    this.#place = placeOf(address);
    this.#now = now;
  }

  async inspect(): Promise<Inspection> {
    this.#link.check();
    return inspect(this.#database, this.#place, this.#now());
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    this.#link.check();
    return claim(this.#database, this.#place, request, this.#now());
  }

  /** A token with an older renewal number than the stored one is answered `fenced`: it is an attempt given up. */
  async renew({ owner, renewal }: Token): Promise<RenewAnswer> {
    this.#link.check();
    const record = this.#database.records.get(this.#place.record);
    if (record === undefined) return { outcome: 'gone' };
    if (!isHeldBy(record, { owner, renewal: record.renewal }) || renewal < record.renewal) {
      return { outcome: 'fenced', epoch: record.epoch };
    }
    record.renewal = renewal;
    showLife(record, this.#now());
    return { outcome: 'held', commitId: record.commitId };
  }

  async commit(token: Token, commit: Commit): Promise<CommitAnswer> {
    this.#link.check();
    return applyCommit(this.#database, this.#place, token, commit, this.#now());
  }

  async release(token: Token): Promise<void> {
    this.#link.check();
    const record = this.#database.records.get(this.#place.record);
    if (record === undefined || !isHeldBy(record, token)) return;
    record.owner = '';
    record.suspect = undefined;
  }

  async glance(): Promise<OwnerSight | undefined> {
    this.#link.check();
    const record = this.#database.records.get(this.#place.record);
    return record && { owner: record.owner, epoch: record.epoch, heartbeat: record.heartbeat };
  }

  /** Always rejects: what is here is nowhere else, and ends with the process. */
  async persist(): Promise<boolean> {
    this.#link.check();
    const { consumerId } = this.#place.address;
    const text = `Consumer "${consumerId}" cannot wait for durability: its store is in memory; leave the option out`;
    throw new ConfigurationError(text, { consumer: consumerId });
  }

  async load(token: Token, keys: readonly string[]): Promise<LoadAnswer> {
    this.#link.check();
    return load(this.#database, this.#place, token, keys);
  }

  async scan(from: string | undefined, count: number): Promise<StatePage> {
    this.#link.check();
    return scan(this.#database, this.#place, from, count);
  }

  close(): void {
    this.#link.cut('the home was closed');
  }
}
