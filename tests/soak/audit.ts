import { isDeepStrictEqual } from 'node:util';
import type { Redis } from 'ioredis';
import type { Figures } from './figures.js';
import { createModels, type Model } from './models.js';
import { everAdded, keysOf, readNew, registryOf, type Bookmark, type Fields } from './reading.js';

/** Everything that a consumer publishes to. */
const OUTPUTS = ['folded', 'side', 'ledger', 'accepted', 'dead', 'paired', 'final'] as const;

/** What a check has found. */
export interface Verdict {
  readonly findings: readonly string[];
  readonly duplicates: number;
  readonly losses: number;
}

/**
 * Judges by what a plain client reads, knowing nothing of the packages: every order is there once, and of each consumer the
 * state, the positions and the outputs are those of the fold over its entries, each once and in order (G1, G2). It goes on
 * from where the last check ended; a new one starts at the beginning.
 */
export class Audit {
  readonly #models: readonly Model[] = createModels();
  readonly #bookmarks = new Map<string, Bookmark>();
  /** Which orders were seen, by producer. */
  readonly #orders = new Map<string, Set<number>>();
  #findings: string[] = [];
  #duplicates = 0;
  #losses = 0;

  /** Checks all that has come since; everything must have been committed. `acked` are the orders by producer that must be there. */
  async check(client: Redis, acked: ReadonlyMap<string, number>): Promise<Verdict> {
    this.#findings = [];
    this.#duplicates = 0;
    this.#losses = 0;
    const found = new Map<string, Fields[]>();
    for (const stream of ['orders', ...OUTPUTS]) found.set(stream, await readNew(client, this.#bookmark(stream)));
    this.#checkOrders(found.get('orders')!, acked);
    const expected = this.#fold(found);
    for (const stream of OUTPUTS) {
      const outputs = found.get(stream)!;
      if (stream === 'final') this.#checkFinal(outputs, expected);
      else
        this.#compare(
          stream,
          stream === 'dead' ? outputs.map((letter) => this.#checkLetter(letter)) : outputs,
          expected.get(stream) ?? [],
        );
    }
    for (const stream of ['orders', ...OUTPUTS]) await this.#checkAdded(client, stream);
    for (const model of this.#models) await this.#checkStored(client, model);
    return { findings: this.#findings, duplicates: this.#duplicates, losses: this.#losses };
  }

  /** Copies the counts into the figures. */
  count(figures: Figures): void {
    const countOf = (stream: string) => this.#bookmark(stream).count;
    figures.orders = countOf('orders');
    figures.deadLetters = countOf('dead');
    figures.messages = this.#models.flatMap(({ streams }) => streams).reduce((sum, stream) => sum + countOf(stream), 0);
  }

  #bookmark(stream: string): Bookmark {
    const bookmark = this.#bookmarks.get(stream) ?? { stream, lastId: '0-0', count: 0 };
    this.#bookmarks.set(stream, bookmark);
    return bookmark;
  }

  #checkOrders(orders: readonly Fields[], acked: ReadonlyMap<string, number>): void {
    for (const { p, n } of orders) {
      const seen = this.#orders.get(p!) ?? new Set();
      this.#orders.set(p!, seen);
      if (seen.has(Number(n))) this.#duplicate(`order ${p}${n} exists twice`);
      seen.add(Number(n));
    }
    for (const [producer, last] of acked) {
      const seen = this.#orders.get(producer) ?? new Set();
      for (let n = 1; n <= last; n += 1) if (!seen.has(n)) this.#loss(`order ${producer}${n} is missing`);
      if (seen.size > last) this.#find(`${producer} wrote ${seen.size} orders, and knows of ${last}`);
    }
  }

  /** What must be in the targets, given what is in the streams. */
  #fold(found: ReadonlyMap<string, readonly Fields[]>): Map<string, Fields[]> {
    const expected = new Map<string, Fields[]>();
    const publish = (target: string, fields: Fields): void => {
      if (!expected.has(target)) expected.set(target, []);
      expected.get(target)!.push(fields);
    };
    for (const model of this.#models) {
      for (const stream of model.streams) for (const entry of found.get(stream)!) model.take(stream, entry, publish);
    }
    return expected;
  }

  /** Of two streams that a consumer reads, either may come first. */
  #checkFinal(outputs: readonly Fields[], expected: ReadonlyMap<string, Fields[]>): void {
    for (const stream of ['ledger', 'paired']) {
      const own = outputs.filter((output) => output['stream'] === stream);
      this.#compare(`final of ${stream}`, own, expected.get(`final:${stream}`) ?? []);
    }
  }

  /** Answers the original fields of a dead letter. */
  #checkLetter(letter: Fields): Fields {
    const own = Object.entries(letter).filter(([name]) => !name.startsWith('ars:'));
    const { 'ars:consumer': consumer, 'ars:stream': stream, 'ars:attempts': attempts } = letter;
    if (consumer !== 'letters' || stream !== 'orders' || !(Number(attempts) >= 4)) {
      this.#find(`a dead letter tells of consumer ${consumer}, stream ${stream}, ${attempts} attempts`);
    }
    return Object.fromEntries(own);
  }

  #compare(what: string, found: readonly Fields[], expected: readonly Fields[]): void {
    if (isDeepStrictEqual(found, expected)) return;
    const left = new Map<string, number>();
    const add = (fields: Fields, step: number): void => {
      const key = JSON.stringify(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));
      left.set(key, (left.get(key) ?? 0) + step);
    };
    for (const fields of expected) add(fields, 1);
    for (const fields of found) add(fields, -1);
    for (const [fields, count] of left) {
      if (count > 0) this.#loss(`${what}: not there: ${fields}`, count);
      if (count < 0)
        this.#duplicate(`${what}: should not be there${count < -1 ? `, ${-count} times` : ''}: ${fields}`, -count);
    }
    if ([...left.values()].every((count) => count === 0)) this.#find(`${what}: in another order`);
  }

  async #checkAdded(client: Redis, stream: string): Promise<void> {
    const added = await everAdded(client, stream);
    const { count } = this.#bookmark(stream);
    if (added !== count) this.#find(`${stream}: ${count} entries, but ${added} were added`);
  }

  async #checkStored(client: Redis, model: Model): Promise<void> {
    const { consumerId: name } = model;
    const keys = keysOf(model);
    const record = await client.hgetall(keys.record);
    for (const stream of model.streams) {
      const { lastId, count } = this.#bookmark(stream);
      this.#expect(`${name}: position in ${stream}`, record[`position:${stream}`], lastId);
      this.#expect(`${name}: entries read of ${stream}`, record[`read:${stream}`], String(count));
      const registered = await client.hget(registryOf(stream), keys.record);
      if (model.streams.length === 1) this.#expect(`${name}: registered position`, registered, lastId);
    }
    const stored = Object.entries(await client.hgetall(keys.state));
    const attributes = stored.filter(([field]) => field.startsWith('a:'));
    const values = attributes.map(([field, value]) => [
      field.slice(2),
      JSON.parse(model.isKeyed ? payloadOf(value) : value),
    ]);
    const state = Object.fromEntries(values) as Record<string, unknown>;
    if (this.#bookmark(model.streams[0]!).count > 0) this.#expect(`${name}: state`, state, model.state());
  }

  #expect(what: string, found: unknown, expected: unknown): void {
    if (isDeepStrictEqual(found, expected)) return;
    const show = (value: unknown): string => String(JSON.stringify(value)).slice(0, 600);
    this.#find(`${what} is ${show(found)}, must be ${show(expected)}`);
  }

  #duplicate(finding: string, count = 1): void {
    this.#duplicates += count;
    this.#find(finding);
  }

  #loss(finding: string, count = 1): void {
    this.#losses += count;
    this.#find(finding);
  }

  #find(finding: string): void {
    if (this.#findings.length < 20) this.#findings.push(finding);
  }
}

/** The state of one key, without the version, the expiry and the serializer before it. */
function payloadOf(stored: string): string {
  return /^\d+,\d*,[^,]*,(.*)$/s.exec(stored)?.[1] ?? stored;
}
