import type { ConsumerAddress, EntryId, StoredFields } from '@ars/core';
import { Redis } from 'ioredis';

const asRedis = (field: string | Uint8Array): string | Buffer =>
  typeof field === 'string' ? field : Buffer.from(field);

/** What one case has on a server, handled by a plain client. */
export class RedisContent {
  readonly client: Redis;
  readonly #tag: string;

  constructor(url: string, tag: string) {
    this.client = new Redis(url);
    this.#tag = tag;
  }

  async addEntry(stream: string, fields: StoredFields, id = '*'): Promise<EntryId> {
    return (await this.client.xadd(stream, id, ...fields.map(asRedis)))!;
  }

  async deleteEntries(stream: string, ids: readonly EntryId[]): Promise<void> {
    await this.client.xdel(stream, ...ids);
  }

  async trimStream(stream: string, maxLength: number): Promise<void> {
    await this.client.xtrim(stream, 'MAXLEN', '=', maxLength);
  }

  async deleteStream(stream: string): Promise<void> {
    await this.client.del(stream);
  }

  async occupy(stream: string): Promise<void> {
    await this.client.set(stream, 'not a stream');
  }

  /** By the layout of the keys (docs/protocol.md); the last part of both is the consumer's name. */
  async evict(what: 'record' | 'state', { consumerId }: ConsumerAddress): Promise<void> {
    const kinds = what === 'record' ? [':consumer:'] : [':state:', ':keyed:'];
    const isOfKind = (key: string): boolean => kinds.some((kind) => key.includes(kind));
    const keys = (await this.keys()).filter((key) => isOfKind(key) && key.endsWith(`:${consumerId}`));
    await this.client.del(...keys);
  }

  /** Copies everything to another server. */
  async copyTo(other: RedisContent): Promise<void> {
    for (const key of await this.keys()) {
      await other.client.restore(key, 0, (await this.client.dumpBuffer(key))!);
    }
  }

  /** Removes everything, and ends the client. */
  async close(): Promise<void> {
    const keys = await this.keys();
    if (keys.length > 0) await this.client.unlink(...keys);
    this.client.disconnect();
  }

  async keys(): Promise<string[]> {
    const found = new Set<string>();
    for await (const batch of this.client.scanStream({ match: `*{${this.#tag}}*`, count: 1_000 })) {
      for (const key of batch as string[]) found.add(key);
    }
    return [...found];
  }
}
