import type {
  Commit,
  CommitAnswer,
  ConsumerAddress,
  ConsumerHome,
  ReadRequest,
  StateChange,
  StoredValue,
  StreamCursor,
  StreamStore,
  Token,
} from '@ars/core';

let tokens = 0;

/** A fresh value of 32 hexadecimal digits; the tests need it unique, not random. */
export function token(): string {
  tokens += 1;
  return tokens.toString(16).padStart(32, '0');
}

export function address(changes: Partial<ConsumerAddress> = {}): ConsumerAddress {
  const stream = changes.streams?.[0] ?? 'orders';
  return {
    consumerId: 'worker',
    home: stream,
    scope: stream,
    streams: [stream],
    readsHere: true,
    stateName: undefined,
    isKeyed: false,
    ...changes,
  };
}

export function cursor(stream = 'orders', position = '0-0', read = 0): StreamCursor {
  return { stream, position, read };
}

export function request(changes: Partial<ReadRequest> = {}): ReadRequest {
  return { cursors: [cursor()], maxEntries: 1_000, maxBytes: 4_194_304, waitMs: 0, ...changes };
}

export function change(set: Record<string, StoredValue>, deleted: string[] = []): StateChange {
  const header = { version: 1, serializer: 'json', declared: Object.keys(set) };
  return { header, set: Object.entries(set), deleted };
}

/** An owner of a consumer: a home with the token and the last commitId, as a real consumer would keep them. */
export class Owner {
  readonly home: ConsumerHome;
  token: Token;
  base: string;

  constructor(home: ConsumerHome, owner: string, base: string) {
    this.home = home;
    this.token = { owner, renewal: 0 };
    this.base = base;
  }

  content(changes: Partial<Commit> = {}): Commit {
    return {
      commitId: token(),
      base: this.base,
      cursors: [],
      state: undefined,
      publishes: [],
      attempt: undefined,
      suspect: undefined,
      ...changes,
    };
  }

  async commit(changes: Partial<Commit> = {}): Promise<CommitAnswer> {
    const commit = this.content(changes);
    const answer = await this.home.commit(this.token, commit);
    if (answer.outcome === 'committed') this.base = commit.commitId;
    return answer;
  }
}

/** Opens a home and takes ownership, whoever has it. */
export async function own(
  store: StreamStore,
  changes: Partial<ConsumerAddress> = {},
  start = cursor(),
): Promise<Owner> {
  const home = await store.openHome(address(changes));
  const owner = token();
  const { record } = await home.inspect();
  const answer = await home.claim({ expectedEpoch: record?.epoch ?? 0, ownEpoch: 0, owner, starts: [start] });
  if (answer.outcome !== 'claimed') throw new Error('the claim met another one');
  return new Owner(home, owner, answer.inspection.record!.commitId);
}
