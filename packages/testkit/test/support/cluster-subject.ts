import type { ConsumerAddress, EntryId, StoredFields, StreamStore } from '@ars/core';
import type { CaseNames, StoreSubject } from '../../src/index.js';
import { RedisContent } from './redis-content.js';
import type { Bounds } from './redis-subject.js';

/** Makes a store of an adapter on the cluster that a node belongs to. */
export type MakeClusterStore = (port: number, options?: Bounds) => StreamStore;

/** A store on a cluster of one node that belongs to the test alone. */
export class ClusterSubject implements StoreSubject {
  readonly store: StreamStore;
  readonly #content: RedisContent;
  readonly #make: (options?: Bounds) => StreamStore;

  constructor(port: number, { tag }: CaseNames, createStore: MakeClusterStore) {
    this.#content = new RedisContent(`redis://127.0.0.1:${port}`, tag);
    this.#make = (options) => createStore(port, options);
    this.store = this.#make();
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

  evict(what: 'record' | 'state', address: ConsumerAddress): Promise<void> {
    return this.#content.evict(what, address);
  }

  occupy(stream: string): Promise<void> {
    return this.#content.occupy(stream);
  }

  /** Nobody else uses the node, so every connection but the asking one is the store's. */
  async disconnect(): Promise<void> {
    await this.#content.client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  }

  async boundedStore(idempotencyKeysMax: number): Promise<StreamStore> {
    return this.#make({ idempotencyKeysMax });
  }

  async close(): Promise<void> {
    await this.store.close();
    await this.#content.close();
  }
}
