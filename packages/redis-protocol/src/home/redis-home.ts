import {
  CommitError,
  type ClaimAnswer,
  type ClaimRequest,
  type Commit,
  type CommitAnswer,
  type ConsumerHome,
  type Inspection,
  type RenewAnswer,
  type Token,
} from '@ars/core';
import type { RedisReply } from '../driver.js';
import { failureOf, refusal } from '../failure.js';
import type { KeyLayout } from '../key-layout.js';
import type { Link } from '../link/link.js';
import { Packer } from '../packing/pack.js';
import { runScript, type Script } from '../script.js';
import { CLAIM } from '../scripts/claim.js';
import { COMMIT } from '../scripts/commit.js';
import { INSPECT } from '../scripts/inspect.js';
import { RELEASE } from '../scripts/release.js';
import { RENEW } from '../scripts/renew.js';
import { commitMessage, type CommitMessage } from './commit-message.js';
import { decodeInspection } from './inspection.js';
import { consumerKeys, type HomeKeys } from './keys.js';

/** What a home is made of. */
export interface HomeParts {
  readonly link: Link;
  readonly history: string | undefined;
  readonly keys: HomeKeys;
  readonly layout: KeyLayout;
  readonly storeName: string;
  /** Why a stream cannot be a target here, as a sentence. */
  readonly targetProblem: (stream: string) => string | undefined;
  readonly onClose: (home: ConsumerHome) => void;
}

/** Where one consumer claims and commits: scripts on a connection of its own. */
export class RedisHome implements ConsumerHome {
  readonly history: string | undefined;
  readonly #parts: HomeParts;
  readonly #hasState: '0' | '1';
  /** Targets already found to be placed right. */
  readonly #placed = new Set<string>();
  #expectedBytes = 1024;

  constructor(parts: HomeParts) {
    this.#parts = parts;
    this.history = parts.history;
    this.#hasState = parts.keys.state === undefined ? '0' : '1';
  }

  async inspect(): Promise<Inspection> {
    const { keys } = this.#parts;
    const reply = await this.#run('inspect the consumer', INSPECT, consumerKeys(keys), [this.#hasState]);
    return decodeInspection(reply as Buffer, keys.record);
  }

  async claim(request: ClaimRequest): Promise<ClaimAnswer> {
    const { keys } = this.#parts;
    const args = [
      request.owner,
      String(request.expectedEpoch),
      String(request.ownEpoch),
      this.#hasState,
      this.#packStarts(request),
    ];
    const reply = (await this.#run('claim the consumer', CLAIM, consumerKeys(keys), args)) as Buffer[];
    if (String(reply[0]) === 'conflict') return { outcome: 'conflict' };
    const inspection = decodeInspection(reply[1]!, keys.record);
    return { outcome: 'claimed', epoch: inspection.record!.epoch, inspection };
  }

  async renew(token: Token): Promise<RenewAnswer> {
    const args = [token.owner, String(token.renewal)];
    const [outcome, detail] = texts(await this.#run('renew the claim', RENEW, [this.#parts.keys.record], args));
    if (outcome === 'held') return { outcome, commitId: detail! };
    if (outcome === 'fenced') return { outcome, epoch: Number(detail) };
    return { outcome: 'gone' };
  }

  async commit(token: Token, commit: Commit): Promise<CommitAnswer> {
    this.#checkTargets(commit);
    const message = commitMessage(commit, this.#parts.keys, this.#parts.layout, this.#expectedBytes);
    this.#expectedBytes = Math.max(1024, Math.ceil(message.content.length * 1.25));
    const args = [token.owner, String(token.renewal), message.content];
    const [outcome, ...rest] = texts(await this.#run('commit', COMMIT, message.keys, args, true));
    if (outcome === 'refused') throw this.#refused(message, rest);
    if (outcome === 'gone') return { outcome, what: rest[0] as 'record' | 'state' };
    return { outcome } as CommitAnswer;
  }

  async release(token: Token): Promise<void> {
    await this.#run('release the claim', RELEASE, [this.#parts.keys.record], [token.owner, String(token.renewal)]);
  }

  close(): void {
    this.#parts.link.close();
    this.#parts.onClose(this);
  }

  async #run(
    verb: string,
    script: Script,
    keys: readonly string[],
    args: readonly (string | Uint8Array)[],
    isCommit = false,
  ): Promise<RedisReply> {
    try {
      return await runScript(this.#parts.link, script, keys, args);
    } catch (error) {
      throw failureOf(error, { store: this.#parts.storeName, verb, isCommit });
    }
  }

  #packStarts({ starts }: ClaimRequest): Buffer {
    const { state, registries } = this.#parts.keys;
    const streams = [...registries.keys()];
    const first = state === undefined ? 2 : 3;
    const packer = new Packer().array(starts.length);
    for (const { stream, position, read } of starts) {
      const registry = streams.indexOf(stream);
      packer.array(4).value(stream).value(position).value(String(read));
      packer.value(registry < 0 ? '' : String(first + registry));
    }
    return packer.finish();
  }

  #checkTargets(commit: Commit): void {
    for (const { stream } of commit.publishes) {
      if (this.#placed.has(stream)) continue;
      const problem = this.#parts.targetProblem(stream);
      if (problem !== undefined) throw new CommitError(problem, { stream, reason: 'PLACEMENT' });
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
