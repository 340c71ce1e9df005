import { randomBytes } from 'node:crypto';
import {
  type EntryId,
  type FieldsInput,
  StreamConsumer,
  type StreamConsumerOptions,
  StreamProducer,
  type StreamStore,
} from '@ars/core';
import { afterEach, beforeEach, describe, inject } from 'vitest';
import type { Backend, RawEntry } from './support/backend.js';
import { MemoryBackend } from './support/memory-backend.js';
import { QuietLogger } from './support/quiet-logger.js';
import { RedisBackend } from './support/redis-backend.js';

type Named = string | readonly string[];

/** A consumer of streams that are given by name. */
export type KitConsumer<S extends object = object> = StreamConsumer<S, Named>;

/** What a test gives for a consumer; the kit fills in the rest. */
export type KitConsumerOptions<S extends object> = Partial<StreamConsumerOptions<S, Named>> &
  Pick<StreamConsumerOptions<S, Named>, 'handler'>;

/**
 * A fresh store for each test, what it holds seen from outside, and consumers that are stopped at the test's end.
 * Names of streams are given short: `in` becomes `{tag}in`, and every test has a tag of its own.
 */
export class StoreKit {
  readonly kind: 'memory' | 'redis';
  logger: QuietLogger = new QuietLogger();
  #tag = '';
  #backend: Backend | undefined;
  #store: StreamStore | undefined;
  readonly #stores: StreamStore[] = [];
  readonly #consumers: KitConsumer[] = [];

  constructor(kind: 'memory' | 'redis') {
    this.kind = kind;
  }

  /** The hash tag of the test's streams. */
  get tag(): string {
    return this.#tag;
  }

  get backend(): Backend {
    return this.#backend!;
  }

  /** The store under test. */
  get store(): StreamStore {
    return (this.#store ??= this.connect());
  }

  /** One more client of the same server. */
  connect(): StreamStore {
    const store = this.backend.connect();
    this.#stores.push(store);
    return store;
  }

  /** A consumer of `in` named `consumer`, quiet, with short delays; it stops when the test ends. */
  consumer<S extends object = Record<string, unknown>>(options: KitConsumerOptions<S>): KitConsumer<S> {
    const defaults = { store: this.store, stream: this.name('in'), consumerId: 'consumer', logger: this.logger };
    const retry = { minDelayMs: 1, maxDelayMs: 5, ...options.retry };
    const consumer = new StreamConsumer<S, Named>({ ...defaults, ...options, retry });
    this.#consumers.push(consumer);
    return consumer;
  }

  /** The same, started. */
  async started<S extends object = Record<string, unknown>>(options: KitConsumerOptions<S>): Promise<KitConsumer<S>> {
    const consumer = this.consumer(options);
    await consumer.start();
    return consumer;
  }

  producer(): StreamProducer {
    return new StreamProducer({ store: this.store });
  }

  /** The full name of a stream. */
  name(stream: string): string {
    return `{${this.#tag}}${stream}`;
  }

  /** Adds messages as another client would; returns their IDs. */
  async add(stream: string, ...messages: FieldsInput[]): Promise<EntryId[]> {
    const ids: EntryId[] = [];
    for (const message of messages) ids.push(await this.backend.add(this.name(stream), message));
    return ids;
  }

  /** Adds messages `{ n }` with the numbers from `from` to `to`. */
  addNumbers(stream: string, from: number, to: number): Promise<EntryId[]> {
    return this.add(stream, ...Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index })));
  }

  entries(stream: string): Promise<RawEntry[]> {
    return this.backend.entries(this.name(stream));
  }

  /** One field of every entry. */
  async values(stream: string, field = 'n'): Promise<string[]> {
    return (await this.entries(stream)).map(({ message }) => String(message[field]));
  }

  open(): void {
    this.#tag = `t${randomBytes(8).toString('hex')}`;
    this.logger = new QuietLogger();
    this.#backend =
      this.kind === 'memory' ? new MemoryBackend(this.#tag) : new RedisBackend(inject('redisUrl'), this.#tag);
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.splice(0).map((consumer) => consumer.stop()));
    await Promise.all(this.#stores.splice(0).map((store) => store.close()));
    this.#store = undefined;
    await this.backend.close();
  }
}

/** Runs the same tests on a memory store and on a real Redis server. */
export function describeStores(define: (kit: StoreKit) => void): void {
  for (const kind of ['memory', 'redis'] as const) describeStore(kind, define);
}

/** Runs tests on one kind of store. */
export function describeStore(kind: 'memory' | 'redis', define: (kit: StoreKit) => void): void {
  describe(kind, () => {
    const kit = new StoreKit(kind);
    beforeEach(() => kit.open());
    afterEach(() => kit.close());
    define(kit);
  });
}
