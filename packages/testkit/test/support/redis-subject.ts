import type { ConsumerAddress, EntryId, StoredFields, StreamStore } from '@ars/core';
import {
  type CaseNames,
  type FaultProxy,
  type OlderCopy,
  startFaultProxy,
  type StoreSubject,
} from '../../src/index.js';
import { startServer } from '../../../../tests/support/server.js';
import { RedisContent } from './redis-content.js';

/** The options that stores of the suite are made with. */
export interface Bounds {
  readonly idempotencyKeysMax: number;
}

/** Makes a store of an adapter. */
export type MakeStore = (url: string, options?: Bounds) => StreamStore;

/** A store over a proxy that cuts its connections or leads them to another server. */
export class RedisSubject implements StoreSubject {
  readonly store: StreamStore;
  readonly #make: MakeStore;
  readonly #names: CaseNames;
  readonly #proxy: FaultProxy;
  readonly #ends: (() => Promise<void>)[] = [];
  #content: RedisContent;

  private constructor(make: MakeStore, url: string, proxy: FaultProxy, names: CaseNames) {
    const content = new RedisContent(url, names.tag);
    this.#make = make;
    this.#names = names;
    this.#content = content;
    this.#proxy = proxy;
    this.#ends.push(() => content.close());
    this.store = make(proxy.url);
  }

  static async connect(make: MakeStore, url: string, names: CaseNames): Promise<RedisSubject> {
    const { hostname, port } = new URL(url);
    return new RedisSubject(make, url, await startFaultProxy(Number(port || 6379), hostname), names);
  }

  addEntry(stream: string, fields: StoredFields, id?: EntryId): Promise<EntryId> {
    return this.#content.addEntry(stream, fields, id);
  }

  deleteEntries(stream: string, ids: readonly EntryId[]): Promise<void> {
    return this.#content.deleteEntries(stream, ids);
  }

  trimStream(stream: string, maxLength: number): Promise<void> {
    return this.#content.trimStream(stream, maxLength);
  }

  deleteStream(stream: string): Promise<void> {
    return this.#content.deleteStream(stream);
  }

  occupy(stream: string): Promise<void> {
    return this.#content.occupy(stream);
  }

  evict(what: 'record' | 'state', address: ConsumerAddress): Promise<void> {
    return this.#content.evict(what, address);
  }

  async disconnect(): Promise<void> {
    this.#proxy.cutAll();
  }

  /** Copies everything to a second server; restoring leads the proxy there: a failover to a replica that had fallen behind. */
  async olderCopy(): Promise<OlderCopy> {
    const replica = await startServer();
    const content = new RedisContent(replica.url, this.#names.tag);
    this.#ends.push(async () => {
      content.client.disconnect();
      await replica.stop();
    });
    await this.#content.copyTo(content);
    const restore = async (): Promise<void> => {
      this.#proxy.retarget(replica.port);
      this.#content = content;
    };
    return { restore };
  }

  async boundedStore(idempotencyKeysMax: number): Promise<StreamStore> {
    return this.#make(this.#proxy.url, { idempotencyKeysMax });
  }

  async close(): Promise<void> {
    await this.store.close();
    for (const end of this.#ends) await end();
    await this.#proxy.close();
  }
}
