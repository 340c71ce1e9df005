import type { ConsumerAddress, EntryId, FieldsInput, StateChange, StreamStore } from '@ars/core';
import { hashTagOf, systemEnvironment } from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import type { Backend, ConsumerKeys, Moment, RawEntry } from './backend.js';

/** The content of one memory store, which stands for a server. */
export class MemoryBackend implements Backend {
  readonly memory: MemoryStore = createMemoryStore();
  readonly #tag: string;

  constructor(tag: string) {
    this.#tag = tag;
  }

  connect(): StreamStore {
    return this.memory;
  }

  async add(stream: string, message: FieldsInput, id?: EntryId): Promise<EntryId> {
    return this.memory.add(stream, message, id);
  }

  async addBytes(stream: string, fields: readonly (string | Uint8Array)[]): Promise<EntryId> {
    return this.memory.add(stream, fields);
  }

  async entries(stream: string): Promise<RawEntry[]> {
    return this.#entries(stream);
  }

  async delete(stream: string, ...ids: EntryId[]): Promise<void> {
    this.memory.delete(stream, ...ids);
  }

  async trim(stream: string, maxLength: number): Promise<void> {
    this.memory.truncate(stream, { maxLength });
  }

  async deleteStream(stream: string): Promise<void> {
    this.memory.deleteStream(stream);
  }

  async evict(what: 'record' | 'state', { consumerId }: ConsumerKeys): Promise<void> {
    this.memory.evict(what, consumerId);
  }

  /** Through a claim and a commit, because a memory store has no other way in; ownership is given back. */
  async corrupt(keys: ConsumerKeys, attribute: string, bytes: string | Uint8Array): Promise<void> {
    const home = await this.memory.openHome(this.#address(keys));
    const { record } = await home.inspect();
    const token = { owner: systemEnvironment.uniqueToken(), renewal: 0 };
    const epoch = record!.epoch;
    await home.claim({ expectedEpoch: epoch, ownEpoch: epoch, owner: token.owner, starts: [] });
    const state = { header: undefined, set: [[attribute, bytes]], deleted: [] } as unknown as StateChange;
    const content = { cursors: [], publishes: [], attempt: undefined, suspect: undefined };
    await home.commit(token, { commitId: systemEnvironment.uniqueToken(), base: record!.commitId, state, ...content });
    await home.release(token);
    home.close();
  }

  async moment(keys: ConsumerKeys, output: string): Promise<Moment> {
    const home = await this.memory.openHome(this.#address(keys));
    const inspecting = home.inspect(); // takes effect at the call, so what follows is of the same moment
    const outputs = this.#entries(output);
    const { record, state } = await inspecting;
    home.close();
    const attributes = Object.fromEntries(
      Array.from(state?.attributes ?? [], ([name, value]) => [name, String(value)]),
    );
    const position = record?.cursors.find(({ stream }) => stream === keys.scope)?.position;
    return { attributes, position, outputs };
  }

  async dump(keys: ConsumerKeys, ...streams: string[]): Promise<unknown> {
    const home = await this.memory.openHome(this.#address(keys));
    const { record, ...rest } = await home.inspect();
    home.close();
    const contents = streams.map((stream) => [this.#entries(stream), this.memory.streamInfo(stream)]);
    return { record: record && { ...record, quietMs: 0 }, rest, contents };
  }

  async close(): Promise<void> {
    await this.memory.close();
  }

  #address({ consumerId, scope, stateName }: ConsumerKeys): ConsumerAddress {
    const home = scope === '*' ? this.#tag : hashTagOf(scope);
    return {
      consumerId,
      home,
      scope,
      streams: scope === '*' ? [] : [scope],
      readsHere: true,
      stateName,
      isKeyed: false,
    };
  }

  #entries(stream: string): RawEntry[] {
    return this.memory.entries(stream).map(({ id, message }) => ({ id, message }));
  }
}
