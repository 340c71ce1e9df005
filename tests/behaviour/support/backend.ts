import type { EntryId, FieldsInput, StreamStore } from '@ars/core';

/** One entry as a test sees it, read past the library. */
export interface RawEntry {
  readonly id: EntryId;
  readonly message: Readonly<Record<string, string | Uint8Array>>;
}

/** Which keys of a consumer a test looks at or destroys. */
export interface ConsumerKeys {
  readonly consumerId: string;
  /** The stream it reads; `*` for a list of streams. */
  readonly scope: string;
  /** The `uniqueId` of its state; by default the state is named after the consumer. */
  readonly stateName?: string;
}

/** What is stored for a consumer and of one output stream, all of one moment. */
export interface Moment {
  /** Stored bytes of every attribute, as text. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Position of the consumer in its scope's stream; undefined before its first claim. */
  readonly position: EntryId | undefined;
  readonly outputs: readonly RawEntry[];
}

/** The content of a store, handled past the library: in Redis by a plain client. Streams are given by their full name. */
export interface Backend {
  /** Connects a store as one more client of the same server would be. */
  connect(): StreamStore;
  add(stream: string, message: FieldsInput, id?: EntryId): Promise<EntryId>;
  /** Adds an entry of raw bytes. */
  addBytes(stream: string, fields: readonly (string | Uint8Array)[]): Promise<EntryId>;
  entries(stream: string): Promise<RawEntry[]>;
  delete(stream: string, ...ids: EntryId[]): Promise<void>;
  trim(stream: string, maxLength: number): Promise<void>;
  deleteStream(stream: string): Promise<void>;
  evict(what: 'record' | 'state', keys: ConsumerKeys): Promise<void>;
  /** Overwrites one stored attribute. */
  corrupt(keys: ConsumerKeys, attribute: string, bytes: string | Uint8Array): Promise<void>;
  moment(keys: ConsumerKeys, output: string): Promise<Moment>;
  /** Everything that is stored for the consumer and in its streams, to be compared: equal when nothing was written. */
  dump(keys: ConsumerKeys, ...streams: string[]): Promise<unknown>;
  close(): Promise<void>;
}
