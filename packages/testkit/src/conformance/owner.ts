import { randomBytes } from 'node:crypto';
import type {
  ClaimAnswer,
  Commit,
  CommitAnswer,
  ConsumerHome,
  Inspection,
  Publish,
  StateChange,
  StoredValue,
  StreamCursor,
  Token,
} from '@ars/core';
import { check, checkEqual } from './check.js';

/** 128 random bits as 32 hexadecimal digits, as owners and commits have them. */
export function freshToken(): string {
  return randomBytes(16).toString('hex');
}

/** A commit that writes nothing but its own ID, with changes. */
export function commitOf(base: string, changes: Partial<Commit> = {}): Commit {
  const nothing = { cursors: [], state: undefined, publishes: [], attempt: undefined, suspect: undefined };
  return { commitId: freshToken(), base, ...nothing, ...changes };
}

/** A change of state that sets these attributes; the first of a consumer needs its header. */
export function stateOf(set: Record<string, StoredValue>, deleted: readonly string[] = []): StateChange {
  return { header: { version: 1, serializer: 'json', declared: Object.keys(set) }, set: Object.entries(set), deleted };
}

/** A publish of one field named `n`. */
export function publishOf(stream: string, n: string): Publish {
  return { stream, fields: ['n', n] };
}

/** An owner of a consumer: its home with the token and the last commitId, as a real consumer keeps them. */
export class Owner {
  readonly home: ConsumerHome;
  readonly epoch: number;
  token: Token;
  /** What the next commit is computed on. */
  base: string;

  private constructor(home: ConsumerHome, owner: string, answer: ClaimAnswer & { readonly outcome: 'claimed' }) {
    this.home = home;
    this.token = { owner, renewal: 0 };
    this.epoch = answer.epoch;
    this.base = answer.inspection.record!.commitId;
  }

  /** Inspects, then claims, whoever has the consumer. */
  static async claim(home: ConsumerHome, starts: readonly StreamCursor[]): Promise<Owner> {
    const owner = freshToken();
    const { record }: Inspection = await home.inspect();
    const answer = await home.claim({ expectedEpoch: record?.epoch ?? 0, ownEpoch: 0, owner, starts });
    check(answer.outcome === 'claimed', `a claim under the inspected epoch is granted, got ${answer.outcome}`);
    check(answer.inspection.record !== undefined, 'a granted claim answers the record');
    return new Owner(home, owner, answer);
  }

  /** Sends a commit on the present base; keeps its ID when it was applied. */
  async send(changes: Partial<Commit> = {}): Promise<CommitAnswer> {
    const commit = commitOf(this.base, changes);
    const answer = await this.home.commit(this.token, commit);
    if (answer.outcome === 'committed') this.base = commit.commitId;
    return answer;
  }

  /** The same, for a commit that must be applied. */
  async commit(changes: Partial<Commit> = {}): Promise<void> {
    checkEqual(await this.send(changes), { outcome: 'committed' }, "a commit under the owner's token, on the last one");
  }

  /** Raises the renewal number, as after a doubt. */
  async renew(): Promise<void> {
    this.token = { owner: this.token.owner, renewal: this.token.renewal + 1 };
    checkEqual((await this.home.renew(this.token)).outcome, 'held', 'a renewal by the owner');
  }
}
