import type { ReadRequest, StoredEntry, StreamCursor, StreamRead } from '@ars/core';
import type { KeyLayout } from '../key-layout.js';
import type { Link } from '../link/link.js';
import { runScript } from '../script.js';
import { READ } from '../scripts/read.js';
import { decodeFacts, settle, settleRead, type Account, type StreamFacts } from './account.js';
import { decodeChunk, decodeXread, entryBytes } from './entries.js';
import { ReadBudget } from './read-budget.js';

const BLOCK_MAX_MS = 5000;

/** What was removed of a stream when its account was last exact, and the cursor that this account led to. */
interface ExactAccount {
  readonly cursor: StreamCursor;
  readonly removed: number;
}

interface Found {
  readonly facts: StreamFacts;
  readonly entries: readonly StoredEntry[];
}

/** The two forms of reading, and what one reader learns over many reads. */
export class ReadSession {
  readonly #layout: KeyLayout;
  readonly #budget = new ReadBudget();
  readonly #exact = new Map<string, ExactAccount>();

  constructor(layout: KeyLayout) {
    this.#layout = layout;
  }

  /** Reads at once, or waits for the first entry; one result a cursor. */
  async read(link: Link, request: ReadRequest): Promise<readonly StreamRead[]> {
    const { cursors, maxEntries, maxBytes, waitMs } = request;
    const count = this.#budget.entries(maxEntries, maxBytes, cursors.length);
    return waitMs > 0 && count > 0
      ? this.#readWaiting(link, cursors, count, waitMs)
      : this.#readNow(link, cursors, count, maxBytes);
  }

  async #readNow(link: Link, cursors: readonly StreamCursor[], count: number, maxBytes: number): Promise<StreamRead[]> {
    const found = await this.#look(link, cursors, count, maxBytes);
    return cursors.map((cursor, i) => this.#result(cursor, found[i]!, settle(cursor, found[i]!.facts)));
  }

  /**
   * Blocks in the server with XREAD, and has the account sent behind it without awaiting, so that one wake-up brings
   * both. The account then is some moments younger than the entries.
   */
  async #readWaiting(
    link: Link,
    cursors: readonly StreamCursor[],
    count: number,
    waitMs: number,
  ): Promise<StreamRead[]> {
    const blockMs = Math.min(BLOCK_MAX_MS, Math.max(1, Math.ceil(waitMs)));
    const keys = cursors.map(({ stream }) => this.#layout.stream(stream));
    const positions = cursors.map(({ position }) => position);
    const xread = ['XREAD', 'COUNT', String(count), 'BLOCK', String(blockMs), 'STREAMS', ...keys, ...positions];
    const [reply, accounts] = await Promise.all([link.send(xread, blockMs), this.#look(link, cursors, 0, 0)]);
    const read = decodeXread(reply);
    const results: StreamRead[] = [];
    for (const [i, cursor] of cursors.entries()) {
      const entries = read.get(keys[i]!) ?? [];
      if (entries.length > 0)
        this.#budget.learn(
          entries.length,
          entries.reduce((sum, entry) => sum + entryBytes(entry), 0),
        );
      results.push(await this.#settleWaited(link, cursor, { facts: accounts[i]!.facts, entries }));
    }
    return results;
  }

  async #settleWaited(link: Link, cursor: StreamCursor, found: Found): Promise<StreamRead> {
    const { entries } = found;
    const ids = entries.map(({ id }) => id);
    const account = settleRead(cursor, found.facts, ids);
    if (account !== 'unclear') return this.#result(cursor, found, account);
    const after = { ...cursor, position: ids.at(-1)!, read: cursor.read + ids.length };
    const [counted] = await this.#look(link, [after], 0, 0, 'count');
    return this.#result(cursor, { facts: counted!.facts, entries }, settle(after, counted!.facts));
  }

  async #look(
    link: Link,
    cursors: readonly StreamCursor[],
    count: number,
    maxBytes: number,
    form: 'count' | '' = '',
  ): Promise<Found[]> {
    const args = [String(count), String(maxBytes)];
    for (const cursor of cursors) args.push(cursor.position, this.#removedAt(cursor), form);
    const keys = cursors.map(({ stream }) => this.#layout.stream(stream));
    const reply = (await runScript(link, READ, keys, args)) as Buffer[][];
    return reply.map(([facts, ...chunks]) => this.#decode(facts!, chunks));
  }

  #decode(facts: Buffer, chunks: readonly Buffer[]): Found {
    const entries: StoredEntry[] = [];
    let bytes = 0;
    for (const chunk of chunks) {
      decodeChunk(chunk, entries);
      bytes += chunk.length;
    }
    this.#budget.learn(entries.length, bytes);
    return { facts: decodeFacts(facts), entries };
  }

  /** Only for the very cursor that the last account led to: behind an earlier one more may have gone unseen. */
  #removedAt(cursor: StreamCursor): string {
    const exact = this.#exact.get(cursor.stream);
    const isSame = exact?.cursor.position === cursor.position && exact.cursor.read === cursor.read;
    return isSame ? String(exact.removed) : '';
  }

  #result(cursor: StreamCursor, { facts, entries }: Found, account: Exclude<Account, 'unclear'>): StreamRead {
    const { stream } = cursor;
    const shared = { stream, added: facts.added, lastId: facts.lastId };
    if (account === 'regressed') {
      this.#exact.delete(stream);
      return { ...shared, entries: [], lost: 0, cursor, regressed: true };
    }
    const { lost } = account;
    const position = entries.at(-1)?.id ?? cursor.position;
    const next = { stream, position, read: cursor.read + lost + entries.length };
    this.#exact.set(stream, { cursor: next, removed: facts.added - facts.length });
    return { ...shared, entries, lost, cursor: next, regressed: false };
  }
}
