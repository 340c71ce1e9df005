import type { ConsumerAddress, EntryId, StoredFields, StreamStore } from '@ars/core';
import { Redis } from 'ioredis';
import {
  startFaultProxy,
  type CaseNames,
  type FaultProxy,
  type OlderCopy,
  type StoreSubject,
} from '../../src/index.js';
import { startServer } from '../../../../tests/support/server.js';

const asRedis = (field: string | Uint8Array): string | Buffer =>
  typeof field === 'string' ? field : Buffer.from(field);

/** Makes a store of an adapter. */
export type MakeStore = (url: string) => StreamStore;

/** A store over a proxy that can cut its connections, and a plain client for everything else. */
export class RedisSubject implements StoreSubject {
  readonly store: StreamStore;
  readonly #tag: string;
  #client: Redis;
  readonly #proxy: FaultProxy;
  readonly #ends: (() => Promise<void>)[] = [];

  private constructor(make: MakeStore, url: string, proxy: FaultProxy, { tag }: CaseNames) {
    this.#tag = tag;
    const client = new Redis(url);
    this.#client = client;
    this.#proxy = proxy;
    this.#ends.push(async () => client.disconnect());
    this.store = make(proxy.url);
  }

  static async connect(make: MakeStore, url: string, names: CaseNames): Promise<RedisSubject> {
    const { hostname, port } = new URL(url);
    return new RedisSubject(make, url, await startFaultProxy(Number(port || 6379), hostname), names);
  }

  async addEntry(stream: string, fields: StoredFields, id = '*'): Promise<EntryId> {
    return (await this.#client.xadd(stream, id, ...fields.map(asRedis)))!;
  }

  async deleteEntries(stream: string, ids: readonly EntryId[]): Promise<void> {
    await this.#client.xdel(stream, ...ids);
  }

  async trimStream(stream: string, maxLength: number): Promise<void> {
    await this.#client.xtrim(stream, 'MAXLEN', '=', maxLength);
  }

  async deleteStream(stream: string): Promise<void> {
    await this.#client.del(stream);
  }

  async occupy(stream: string): Promise<void> {
    await this.#client.set(stream, 'not a stream');
  }

  async evict(what: 'record' | 'state', { consumerId }: ConsumerAddress): Promise<void> {
    const kind = what === 'record' ? 'consumer' : 'state';
    const keys = (await this.keys()).filter((key) => key.includes(`:${kind}:`) && key.endsWith(`:${consumerId}`));
    await this.#client.del(...keys);
  }

  async disconnect(): Promise<void> {
    this.#proxy.cutAll();
  }

  async close(): Promise<void> {
    await this.store.close();
    const keys = await this.keys();
    if (keys.length > 0) await this.#client.unlink(...keys);
    for (const end of this.#ends) await end();
    await this.#proxy.close();
  }

  /** Copies every key to another server; restoring leads the proxy there: a failover to a replica that had fallen behind. */
  async olderCopy(): Promise<OlderCopy> {
    const replica = await startServer();
    const client = new Redis(replica.url);
    this.#ends.push(async () => {
      client.disconnect();
      await replica.stop();
    });
    for (const key of await this.keys()) await client.restore(key, 0, (await this.#client.dumpBuffer(key))!);
    const restore = async (): Promise<void> => {
      this.#proxy.retarget(replica.port);
      this.#client = client;
    };
    return { restore };
  }

  async keys(): Promise<string[]> {
    const found = new Set<string>();
    for await (const batch of this.#client.scanStream({ match: `*{${this.#tag}}*`, count: 1_000 })) {
      for (const key of batch as string[]) found.add(key);
    }
    return [...found];
  }
}
