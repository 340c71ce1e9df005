import {
  CommitError,
  type ClaimAnswer,
  type ClaimRequest,
  type Commit,
  type CommitAnswer,
  type ConsumerHome,
  type DurabilityLevel,
  type Inspection,
  type LoadAnswer,
  type OwnerSight,
  type RenewAnswer,
  type StatePage,
  type Token,
} from '@ars/core';
import type { RedisReply } from '../driver.js';
import { refusal } from '../failure.js';
import type { KeyLayout } from '../key-layout.js';
import { Calls } from '../link/calls.js';
import type { Lease } from '../link/lease.js';
import type { OpenLink } from '../link/open-link.js';
import { Packer } from '../packing/pack.js';
import { CLAIM } from '../scripts/claim.js';
import { COMMIT } from '../scripts/commit.js';
import { INSPECT } from '../scripts/inspect.js';
import { RELEASE } from '../scripts/release.js';
import { RENEW } from '../scripts/renew.js';
import { ArgumentLimit } from './argument-limit.js';
import { commitMessage, type CommitMessage } from './commit-message.js';
import { Durability } from './durability.js';
import { decodeInspection } from './inspection.js';
import { loadStates, scanStates } from './keyed-states.js';
import { consumerKeys, type HomeKeys } from './keys.js';

/** So many targets are known to be placed right; beyond that all are forgotten, and looked at again. */
const PLACED_MAX = 1_000;

/** What a home is made of. */
export interface HomeParts {
  readonly link: Lease;
  /** The history of the link's server, as far as it can be told. */
  readonly server: string | undefined;
  /** The history that the home tells, if it may. */
  readonly history: string | undefined;
  /** Connects once more to the home's server. */
  readonly openAnother: () => Promise<OpenLink>;
  readonly keys: HomeKeys;
  readonly layout: KeyLayout;
  readonly storeName: string;
  /** Why a stream cannot be a target here, as a sentence. */
  readonly targetProblem: (stream: string) => string | undefined;
  readonly onClose: (home: ConsumerHome) => void;
}

/** Where one consumer claims and commits: scripts on a connection that it may share with other homes. */
export class RedisHome implements ConsumerHome {
  readonly history: string | undefined;
  readonly #parts: HomeParts;
  readonly #calls: Calls;
  readonly #durability: Durability;
  readonly #limit: ArgumentLimit;
  /** How the scripts read the state. */
  readonly #stateForm: 'none' | 'whole' | 'keyed';
  /** Targets already found to be placed right. */
  readonly #placed = new Set<string>();
  #expectedBytes = 1024;
  /** The last commit if it is known to be applied. */
  #lastCommit: string | undefined;

  constructor(parts: HomeParts) {
    this.#parts = parts;
    this.history = parts.history;
    this.#calls = new Calls(parts.link, parts.storeName);
    this.#limit = new ArgumentLimit(parts.link, parts.storeName);
    const { openAnother: open, server, keys, storeName } = parts;
    this.#durability = new Durability({ open, server, record: keys.record, storeName });
    this.#stateForm = keys.state === undefined ? 'none' : keys.isKeyed ? 'keyed' : 'whole';
  }

  async inspect(): Promise<Inspection> {
    const { keys } = this.#parts;
    const reply = await this.#calls.run('inspect the consumer', INSPECT, consumerKeys(keys), [this.#stateForm]);
    return decodeInspection(reply as Buffer, keys.record);
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const { keys } = this.#parts;
    const args = [
      request.owner,
      String(request.expectedEpoch),
      String(request.ownEpoch),
      this.#stateForm,
      this.#packStreams(request),
    ];
    const reply = (await this.#calls.run('claim the consumer', CLAIM, consumerKeys(keys), args)) as Buffer[];
    if (String(reply[0]) === 'conflict') return { outcome: 'conflict' };
    const inspection = decodeInspection(reply[1]!, keys.record);
    return { outcome: 'claimed', epoch: inspection.record!.epoch, inspection };
  }

  async renew(token: Token): Promise<RenewAnswer> {
    const args = [token.owner, String(token.renewal)];
    const [outcome, detail] = texts(await this.#calls.run('renew the claim', RENEW, [this.#parts.keys.record], args));
    // A home that has just renewed vouches for what it found, until its next commit.
    if (outcome === 'held') this.#lastCommit = detail;
    if (outcome === 'held') return { outcome, commitId: detail! };
    if (outcome === 'fenced') return { outcome, epoch: Number(detail) };
    return { outcome: 'gone' };
  }

  async commit(token: Token, commit: Commit): Promise<CommitAnswer> {
    this.#checkTargets(commit);
    const message = commitMessage(commit, this.#parts.keys, this.#parts.layout, this.#expectedBytes);
    this.#expectedBytes = Math.max(1024, Math.ceil(message.content.length * 1.25));
    if (this.#limit.mayBeBelow(message.content.length)) await this.#limit.demand(message.content.length);
    const args = [token.owner, String(token.renewal), message.content];
    this.#lastCommit = undefined;
    const [outcome, ...rest] = texts(await this.#calls.run('commit', COMMIT, message.keys, args, true));
    if (outcome === 'refused') throw this.#refused(message, rest);
    if (outcome === 'gone') return { outcome, what: rest[0] as 'record' | 'state' };
    if (outcome === 'committed' || outcome === 'already') this.#lastCommit = commit.commitId;
    return { outcome } as CommitAnswer;
  }

  async release(token: Token): Promise<void> {
    await this.#calls.run(
      'release the claim',
      RELEASE,
      [this.#parts.keys.record],
      [token.owner, String(token.renewal)],
    );
  }

  async glance(): Promise<OwnerSight | undefined> {
    const command = ['HMGET', this.#parts.keys.record, 'owner', 'epoch', 'heartbeat'];
    const reply = await this.#calls.send('look at the owner', command);
    const [owner, epoch, heartbeat] = reply as (Buffer | null)[];
    if (!owner) return undefined;
    return { owner: String(owner), epoch: Number(String(epoch)), heartbeat: Number(String(heartbeat)) };
  }

  persist(token: Token, level: DurabilityLevel): Promise<boolean> {
    return this.#durability.persist(token, level, this.#lastCommit);
  }

  load(token: Token, keys: readonly string[]): Promise<LoadAnswer> {
    return loadStates(this.#calls, this.#parts.keys, token, keys);
  }

  scan(from: string | undefined, count: number): Promise<StatePage> {
    return scanStates(this.#calls, this.#parts.keys, from, count);
  }

  close(): void {
    this.#parts.link.close();
    this.#durability.close();
    this.#parts.onClose(this);
  }

  /** What the claim stores where there is nothing yet, and what it registers. */
  #packStreams({ starts }: ClaimRequest): Buffer {
    const packer = new Packer().array(2).array(starts.length);
    for (const { stream, position, read } of starts) packer.array(3).value(stream).value(position).value(String(read));
    const streams = [...this.#parts.keys.registries.keys()];
    return packer.array(streams.length).values(streams).finish();
  }

  #checkTargets(commit: Commit): void {
    let last: string | undefined;
    for (const { stream } of commit.publishes) {
      if (stream === last) continue;
      last = stream;
      if (this.#placed.has(stream)) continue;
      const problem = this.#parts.targetProblem(stream);
      if (problem !== undefined) throw new CommitError(problem, { stream, reason: 'PLACEMENT' });
      if (this.#placed.size >= PLACED_MAX) this.#placed.clear();
      this.#placed.add(stream);
    }
  }

  #refused(message: CommitMessage, [text, index, command]: readonly string[]): Error {
    const stream = message.streams[Number(index) - 1];
    return refusal(text!, { store: this.#parts.storeName, verb: 'commit', isCommit: true, stream, command });
  }
}

function texts(reply: RedisReply): string[] {
  return (reply as Buffer[]).map(String);
}
