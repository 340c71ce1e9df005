import { inspect } from 'node:util';
import { type Fields, type Logger, StreamConsumer, type Transaction } from '@ars/core';
import { createFaultPlan, type FaultPlan } from '../faults/fault-plan.js';
import { type FaultyStore, faultyStore } from '../faults/faulty-store.js';
import type { SeededRandom } from '../chance/seeded-random.js';
import { emptyState, foldMessage, outputsOf, type SimulatedState } from './simulated-fold.js';
import { type ConsumerSpec, HOME } from './topology.js';
import type { World } from './world.js';

/** How a process ended: by itself, with what ended it; `undefined` after a stop. */
export interface ProcessEnd {
  readonly error: unknown;
  /** Whether it was ready before it ended. */
  readonly hasStarted: boolean;
}

/** How long an owner may show no life: it looks at its home three times in it. */
export const LEASE_MS = 600;

/** How often each fault happens to a call of a simulated process. */
const CHANCE = 0.012;

/** One process that runs one consumer, with faults of its own between it and the servers. */
export class ConsumerProcess {
  readonly name: string;
  readonly spec: ConsumerSpec;
  readonly consumer: StreamConsumer<SimulatedState, string[]>;
  readonly store: FaultyStore;
  /** Settles when it has ended. */
  readonly ended: Promise<ProcessEnd>;
  readonly #world: World;
  readonly #random: SeededRandom;
  readonly #faults: FaultPlan;
  readonly #source: FaultyStore | undefined;
  #isReady = false;

  constructor(world: World, spec: ConsumerSpec, serial: number) {
    this.name = `${spec.id}#${serial}`;
    this.spec = spec;
    this.#world = world;
    this.#random = world.random.fork();
    this.#faults = this.#plan();
    this.store = faultyStore(world.homeFor(this.name), this.#faults);
    this.#source = spec.isRelay ? faultyStore(world.far.store, this.#faults) : undefined;
    if (world.isHealed) this.#faults.heal();
    this.consumer = this.#createConsumer();
    this.ended = this.#live();
    for (const store of [this.store, this.#source]) void store?.killed.then(() => this.kill());
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** The process dies now, in the middle of whatever it does. */
  kill(): void {
    this.store.kill();
    this.#source?.kill();
  }

  /** Nothing fails any more by chance. */
  heal(): void {
    this.#faults.heal();
  }

  async #live(): Promise<ProcessEnd> {
    try {
      await this.consumer.start();
      this.#isReady = true;
      this.#world.note(`${this.name} started`);
      await this.consumer.closed;
      return { error: undefined, hasStarted: true };
    } catch (error) {
      return { error, hasStarted: this.#isReady };
    }
  }

  #plan(): FaultPlan {
    return createFaultPlan({
      seed: Math.floor(this.#random.next() * 2 ** 32),
      chance: CHANCE,
      faults: ['lose', 'lose', 'cut', 'delay', 'duplicate', 'kill'],
      holdMsMax: 400,
      latencyMsMax: this.#random.pick([0.5, 3, 20]),
      after: (delayMs, callback) => this.#world.clock.after(delayMs, callback),
    });
  }

  #createConsumer(): StreamConsumer<SimulatedState, string[]> {
    const { spec } = this;
    return new StreamConsumer<SimulatedState, string[]>({
      store: this.store,
      ...(this.#source === undefined ? {} : { source: this.#source }),
      stream: (spec.inputs.length === 1 ? spec.inputs[0]! : [...spec.inputs]) as string[],
      home: HOME,
      consumerId: spec.id,
      ...(spec.isStateless ? {} : { state: emptyState }),
      handler: (message: Fields, transaction: Transaction<SimulatedState>) => this.#handle(message, transaction),
      batch: { maxMessages: this.#random.pick([1, 3, 10, 1_000]) },
      retry: { minDelayMs: 2, maxDelayMs: 60 },
      leaseMs: LEASE_MS,
      stopTimeoutMs: 300,
      logger: this.#logger(),
      environment: this.#world.clock.environment(this.#random),
    });
  }

  /** Warnings and errors are part of the trace. */
  #logger(): Logger {
    const note = (message: string): void => this.#world.note(`${this.name}: ${message}`);
    return { debug: () => {}, info: () => {}, warn: note, error: note };
  }

  #handle(message: Fields, transaction: Transaction<SimulatedState>): unknown {
    const { stream, id } = transaction.entry;
    this.#world.log.events.push({ kind: 'handled', process: this.name, consumer: this.spec.id, stream, id });
    const mood = this.#world.isHealed
      ? 'well'
      : this.#random.pick(['well', 'well', 'well', 'well', 'slow', 'slow', 'ill', 'late']);
    if (mood === 'well') return this.#work(message, transaction);
    if (mood === 'slow') return this.#workSlowly(message, transaction);
    if (mood === 'late') this.#work(message, transaction);
    throw new Error('a handler fails');
  }

  async #workSlowly(message: Fields, transaction: Transaction<SimulatedState>): Promise<void> {
    await this.#world.clock.sleep(this.#random.next() * 20);
    this.#work(message, transaction);
    if (this.#random.isLucky(0.3)) await this.#world.clock.sleep(this.#random.next() * 20);
    if (this.#random.isLucky(0.1)) throw new Error('a handler fails, late');
  }

  #work(message: Fields, transaction: Transaction<SimulatedState>): void {
    const { id, outputs, isStateless } = this.spec;
    const n = message['n']!;
    const published = isStateless
      ? outputsOf(id, n, outputs)
      : foldMessage(transaction.state, id, transaction.entry.stream, n, outputs);
    for (const output of published) transaction.publish(output.to, output.message);
  }
}

/** A process's end in few words, for the trace. */
export function describeEnd({ error }: ProcessEnd): string {
  if (error === undefined) return 'stopped';
  return error instanceof Error ? `${error.name}: ${error.message}` : inspect(error);
}
