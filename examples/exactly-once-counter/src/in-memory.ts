import { setTimeout as sleep } from 'node:timers/promises';
import { StreamProducer, type StreamStore } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import type { Books, Entry } from './books.js';
import { type ConsumerName, CONSUMERS, createConsumer } from './chain.js';
import type { Streams } from './streams.js';
import { judge } from './checker.js';
import { beginAfter, orderOf } from './order.js';
import { type Result, Victims } from './victims.js';

const streams: Streams = { orders: 'orders', payments: 'payments', ledger: 'ledger', statements: 'statements' };

/**
 * The same chain without Redis, in one process. A killed process would take the store with it, so a crash is simulated:
 * the handler of a crashed consumer never settles, and the next one takes over, as a process started again would.
 */
export async function runInMemory(milliseconds: number): Promise<Result> {
  console.log(
    'No REDIS_URL, and no redis-server or valkey-server on PATH: all in this process, with simulated crashes.',
  );
  const store = createMemoryStore();
  const producers = ['producer-a', 'producer-b'].map((name) => new MemoryProducer(name, store));
  const consumers = CONSUMERS.map((name) => new MemoryConsumer(name, store));
  const workers = [...producers, ...consumers];
  for (const worker of workers) await worker.start();
  await new Victims(workers.map((worker) => () => worker.crash())).killFor(milliseconds);

  for (const producer of producers) producer.stop();
  for (const consumer of consumers) await consumer.stop();
  const written = new Map(producers.map(({ name, written: last }) => [name, last]));
  const kills = new Map(workers.map(({ name, crashes }) => [name, crashes]));
  return { kills, verdict: judge(await readBooks(store), written) };
}

class MemoryProducer {
  readonly name: string;
  readonly #store: StreamStore;
  crashes = 0;
  written = 0;
  /** Which life this is; a loop of an earlier one ends. */
  #life = 0;

  constructor(name: string, store: StreamStore) {
    this.name = name;
    this.#store = store;
  }

  start(): void {
    void this.#produce((this.#life += 1));
  }

  crash(): void {
    this.crashes += 1;
    this.start();
  }

  stop(): void {
    this.#life += 1;
  }

  async #produce(life: number): Promise<void> {
    const producer = new StreamProducer({ store: this.#store });
    for (let number = beginAfter(this.written); life === this.#life; number += 1) {
      const order = orderOf(this.name, number);
      await producer.publish(streams.orders, order, { idempotencyKey: order.order });
      this.written = Math.max(this.written, number);
      await sleep(1);
    }
  }
}

class MemoryConsumer {
  readonly name: ConsumerName;
  readonly #store: StreamStore;
  crashes = 0;
  #current!: ReturnType<typeof createConsumer>;
  #freeze!: () => void;

  constructor(name: ConsumerName, store: StreamStore) {
    this.name = name;
    this.#store = store;
  }

  async start(): Promise<void> {
    let isFrozen = false;
    this.#freeze = () => (isFrozen = true);
    this.#current = createConsumer(this.name, this.#store, streams, () =>
      isFrozen ? new Promise(() => {}) : undefined,
    );
    await this.#current.start();
  }

  async crash(): Promise<void> {
    this.crashes += 1;
    this.#freeze();
    await this.start();
  }

  /** The chain is stopped in order, so what is in a stream now is all there will be. */
  async stop(): Promise<void> {
    await this.#current.caughtUp();
    await this.#current.stop();
  }
}

async function readBooks(store: StreamStore): Promise<Books> {
  const payments = createConsumer('payments', store, streams);
  await payments.start();
  const orders = await read(store, streams.orders);
  const paid = new Map<string, number>();
  for (const { account } of orders) {
    const state = (await payments.stateOf(account!)) as { total: number } | undefined;
    paid.set(account!, state?.total ?? 0);
  }
  await payments.stop();
  return {
    orders,
    payments: await read(store, streams.payments),
    ledger: await read(store, streams.ledger),
    statements: await read(store, streams.statements),
    paid,
  };
}

async function read(store: StreamStore, stream: string): Promise<Entry[]> {
  const reader = await store.openReader([stream]);
  let cursor = await reader.locate(stream, 'beginning');
  const entries: Entry[] = [];
  for (;;) {
    const [found] = await reader.read({ cursors: [cursor], maxEntries: 1_000, maxBytes: 2 ** 22, waitMs: 0 });
    if (found!.entries.length === 0) break;
    for (const { fields } of found!.entries) entries.push(entryOf(fields.map(String)));
    cursor = found!.cursor;
  }
  reader.close();
  return entries;
}

function entryOf(flat: readonly string[]): Entry {
  return Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1]!]] : [])));
}
