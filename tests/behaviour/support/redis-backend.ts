import type { EntryId, FieldsInput, StreamStore } from '@ars/core';
import { hashTagOf, storedValueOf } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { Redis } from 'ioredis';
import type { Backend, ConsumerKeys, Moment, RawEntry } from './backend.js';

type BufferPairs = [Buffer, Buffer][];

/** What a Redis server holds, seen by a plain client; every key of a test shares one hash tag. */
export class RedisBackend implements Backend {
  readonly client: Redis;
  readonly #url: string;
  readonly #tag: string;

  constructor(url: string, tag: string) {
    this.#url = url;
    this.#tag = tag;
    this.client = new Redis(url);
  }

  connect(): StreamStore {
    return createIoredisStore(this.#url);
  }

  async add(stream: string, message: FieldsInput, id = '*'): Promise<EntryId> {
    const fields = Object.entries(message).flatMap(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value) : String(value),
    ]);
    return (await this.client.xadd(stream, id, ...fields))!;
  }

  async addBytes(stream: string, fields: readonly (string | Uint8Array)[]): Promise<EntryId> {
    const bytes = fields.map((field) => (typeof field === 'string' ? field : Buffer.from(field)));
    return (await this.client.xadd(stream, '*', ...bytes))!;
  }

  async entries(stream: string): Promise<RawEntry[]> {
    return toEntries(await this.client.xrangeBuffer(stream, '-', '+'));
  }

  async delete(stream: string, ...ids: EntryId[]): Promise<void> {
    await this.client.xdel(stream, ...ids);
  }

  async trim(stream: string, maxLength: number): Promise<void> {
    await this.client.xtrim(stream, 'MAXLEN', '=', maxLength);
  }

  async deleteStream(stream: string): Promise<void> {
    await this.client.del(stream);
  }

  async evict(what: 'record' | 'state', keys: ConsumerKeys): Promise<void> {
    await this.client.del(this.#key(what, keys));
  }

  async corrupt(keys: ConsumerKeys, attribute: string, bytes: string | Uint8Array): Promise<void> {
    await this.client.hset(
      this.#key('state', keys),
      `a:${attribute}`,
      typeof bytes === 'string' ? bytes : Buffer.from(bytes),
    );
  }

  async moment(keys: ConsumerKeys, output: string): Promise<Moment> {
    const transaction = this.client.multi();
    transaction.hgetall(this.#key('state', keys));
    transaction.hget(this.#key('record', keys), `position:${keys.scope}`);
    transaction.xrangeBuffer(output, '-', '+');
    const [[, state], [, position], [, outputs]] = (await transaction.exec()) as [
      [null, Record<string, string>],
      [null, string | null],
      [null, [Buffer, Buffer[]][]],
    ];
    const attributes = Object.entries(state).filter(([name]) => name.startsWith('a:'));
    return {
      attributes: Object.fromEntries(attributes.map(([name, value]) => [name.slice(2), value])),
      position: position ?? undefined,
      outputs: toEntries(outputs),
    };
  }

  /** The serialized value of every key with the test's tag, those of other consumers too. */
  async dump(): Promise<unknown> {
    const keys = (await this.#keys()).sort();
    return Promise.all(keys.map(async (key) => [key, (await this.client.dumpBuffer(key))?.toString('hex')]));
  }

  async close(): Promise<void> {
    const keys = await this.#keys();
    if (keys.length > 0) await this.client.unlink(...keys);
    await this.client.quit();
  }

  async #keys(): Promise<string[]> {
    const found = new Set<string>();
    for await (const batch of this.client.scanStream({ match: `*{${this.#tag}}*`, count: 1_000 })) {
      for (const key of batch as string[]) found.add(key);
    }
    return [...found];
  }

  /** The key as PROTOCOL P23 and DESIGN section 7 define it, written down a second time on purpose. */
  #key(what: 'record' | 'state', { consumerId, scope, stateName }: ConsumerKeys): string {
    const tag = scope === '*' ? this.#tag : hashTagOf(scope);
    if (what === 'state' && stateName !== undefined) return `ars:{${tag}}:state:${encode(stateName)}`;
    return `ars:{${tag}}:${what === 'record' ? 'consumer' : 'state'}:${encode(scope)}:${encode(consumerId)}`;
  }
}

function encode(part: string): string {
  return part.replace(/[:{}%]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function toEntries(replies: readonly [Buffer, Buffer[]][]): RawEntry[] {
  return replies.map(([id, fields]) => {
    const pairs: BufferPairs = [];
    for (let index = 0; index < fields.length; index += 2) pairs.push([fields[index]!, fields[index + 1]!]);
    return {
      id: String(id),
      message: Object.fromEntries(pairs.map(([name, value]) => [String(name), textOrBytes(value)])),
    };
  });
}

function textOrBytes(value: Buffer): string | Uint8Array {
  const stored = storedValueOf(value);
  return typeof stored === 'string' ? stored : Uint8Array.from(stored);
}
