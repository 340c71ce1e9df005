import { compareIds, type ReadRequest, type StoredEntry, type StreamCursor, type StreamRead } from '@ars/core';
import type { RedisDriver } from '../driver.js';
import type { KeyLayout } from '../key-layout.js';
import type { Link } from '../link/link.js';
import { runScript } from '../script.js';
import { READ } from '../scripts/read.js';
import { decodeFacts, settle, settleRead, type Account, type StreamFacts } from './account.js';
import { EntryDecoder, type DecodedEntries } from './entries.js';
import { lookPlain, provenFacts, type PlainSight } from './plain-read.js';
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

/** The forms of reading, and what one reader learns over many reads. */
export class ReadSession {
  readonly #layout: KeyLayout;
  readonly #budget: ReadBudget;
  readonly #decoder = new EntryDecoder();
  readonly #exact = new Map<string, ExactAccount>();

  constructor(layout: KeyLayout, parserCost: RedisDriver['parserCost']) {
    this.#layout = layout;
    this.#budget = new ReadBudget(parserCost);
  }

  /** Reads at once, or waits for the first entry; one result a cursor. */
  async read(link: Link, request: ReadRequest): Promise<readonly StreamRead[]> {
    const { cursors, maxEntries, maxBytes, waitMs } = request;
    const count = this.#budget.entries(maxEntries, maxBytes, cursors.length);
    const isWaiting = waitMs > 0 && count > 0;
    if (!isWaiting && (count === 0 || !this.#budget.isPlain)) return this.#readPacked(link, cursors, count, maxBytes);
    const bytes = maxBytes / cursors.length;
    const reads = isWaiting
      ? await this.#readWaiting(link, cursors, count, waitMs)
      : await Promise.all(cursors.map((cursor) => this.#readPlain(link, cursor, count, bytes)));
    if (reads.every(isConclusive)) return reads;
    return Promise.all(reads.map((read) => this.#vouch(link, read, count, bytes)));
  }

  /**
   * A read without entries says that there are none up to `lastId`. What was not seen in one step may have been added
   * between the look at the entries and the look at the stream, so it is looked at once more, by script.
   */
  async #vouch(link: Link, read: StreamRead, count: number, maxBytes: number): Promise<StreamRead> {
    return isConclusive(read) ? read : (await this.#readPacked(link, [read.cursor], count, maxBytes))[0]!;
  }

  /** One script: dense replies, and everything seen in one step. */
  async #readPacked(
    link: Link,
    cursors: readonly StreamCursor[],
    count: number,
    maxBytes: number,
  ): Promise<StreamRead[]> {
    const found = await this.#look(link, cursors, count, maxBytes);
    return cursors.map((cursor, i) => this.#result(cursor, found[i]!, settle(cursor, found[i]!.facts)));
  }

  /**
   * Plain commands, which cost the server a fifth; by script once more where they do not prove that nothing was lost. What
   * came over the bytes is read again: until XINFO nothing after the cursor had been removed, so behind any
   * of its entries the account is as exact.
   */
  async #readPlain(link: Link, cursor: StreamCursor, count: number, maxBytes: number): Promise<StreamRead> {
    const sight = await lookPlain(link, this.#layout.stream(cursor.stream), cursor, count);
    if (sight.info !== undefined) this.#budget.learnNewest(sight.info.newestBytes);
    const facts = provenFacts(cursor, sight, this.#removedAt(cursor));
    if (facts === undefined) return (await this.#readPacked(link, [cursor], count, maxBytes))[0]!;
    const entries = this.#learn(this.#decoder.plain(sight.reply, 1, maxBytes));
    return this.#result(cursor, { facts, entries }, settle(cursor, facts));
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
    const looks = (): Promise<PlainSight>[] => cursors.map((cursor, i) => lookPlain(link, keys[i]!, cursor, 0));
    const [reply, ...sights] = await Promise.all([link.send(xread, blockMs), ...looks()]);
    const read = this.#decoder.xread(reply);
    const results: StreamRead[] = [];
    for (const [i, cursor] of cursors.entries()) {
      const found = read.get(keys[i]!);
      const entries = found === undefined ? [] : this.#learn(found);
      const facts = provenFacts(cursor, sights[i]!, this.#removedAt(cursor));
      if (facts === undefined) results.push(await this.#settleByScript(link, cursor, entries));
      else results.push(this.#result(cursor, { facts, entries }, settle(cursor, facts)));
    }
    return results;
  }

  async #settleByScript(link: Link, cursor: StreamCursor, entries: readonly StoredEntry[]): Promise<StreamRead> {
    const [look] = await this.#look(link, [cursor], 0, 0);
    return this.#settleWaited(link, cursor, { facts: look!.facts, entries });
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
    return { facts: decodeFacts(facts), entries: this.#learn(this.#decoder.packed(chunks)) };
  }

  #learn({ entries, bytes }: DecodedEntries): readonly StoredEntry[] {
    this.#budget.learn(entries.length, bytes);
    return entries;
  }

  /** Only for the very cursor that the last account led to: behind an earlier one more may have gone unseen. */
  #removedAt(cursor: StreamCursor): string {
    const exact = this.#exact.get(cursor.stream);
    const isSame = exact?.cursor.position === cursor.position && exact.cursor.read === cursor.read;
    return isSame ? String(exact.removed) : '';
  }

  #result(cursor: StreamCursor, { facts, entries }: Found, account: Exclude<Account, 'unclear'>): StreamRead {
    const { stream } = cursor;
    const { added, lastId } = facts;
    if (account === 'regressed') {
      this.#exact.delete(stream);
      return { stream, added, lastId, entries: [], lost: 0, cursor, regressed: true };
    }
    const { lost } = account;
    const position = entries.at(-1)?.id ?? cursor.position;
    const next = { stream, position, read: cursor.read + lost + entries.length };
    this.#exact.set(stream, { cursor: next, removed: added - facts.length });
    return { stream, added, lastId, entries, lost, cursor: next, regressed: false };
  }
}

/** Whether a read tells something, or found nothing where nothing is. */
function isConclusive({ entries, lost, regressed, lastId, cursor }: StreamRead): boolean {
  return entries.length > 0 || lost > 0 || regressed || compareIds(lastId, cursor.position) <= 0;
}
