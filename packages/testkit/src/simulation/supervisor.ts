import { isArsError } from '@ars/core';
import { ConsumerProcess, describeEnd, LEASE_MS, type ProcessEnd } from './consumer-process.js';
import type { ConsumerSpec } from './topology.js';
import type { World } from './world.js';

/** An end for good: nobody may start the consumer again before somebody has looked at it. */
export interface FinalEnd {
  readonly error: unknown;
  readonly process: string;
}

/** Keeps one consumer running: starts a process when there is none, and judges how each one ends. */
export class Supervisor {
  readonly spec: ConsumerSpec;
  /** Set when the consumer reported a gap or a regression. */
  finalEnd: FinalEnd | undefined;
  readonly #world: World;
  readonly #living = new Set<ConsumerProcess>();
  readonly #endings: Promise<unknown>[] = [];
  #serial = 0;
  #isClosing = false;

  constructor(world: World, spec: ConsumerSpec) {
    this.spec = spec;
    this.#world = world;
  }

  /** The newest process that has not ended. */
  get current(): ConsumerProcess | undefined {
    return [...this.#living].at(-1);
  }

  /** Starts one more process, which takes the consumer over if another one runs. */
  launch(): ConsumerProcess {
    const process = new ConsumerProcess(this.#world, this.spec, (this.#serial += 1));
    this.#living.add(process);
    this.#world.note(`${process.name} is launched`);
    this.#endings.push(process.ended.then((end) => this.#ended(process, end)));
    void process.store.killed.then(() => this.#killed(process));
    return process;
  }

  /** Stops every process gracefully, and waits for all that ever were. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(Array.from(this.#living, (process) => process.consumer.stop()));
    await Promise.all(this.#endings);
  }

  /**
   * Lets nothing fail any more, and waits until everything in the streams is committed. A consumer learns what happened
   * to its home at its next sign of life at the latest; what it tells before that is as of then.
   */
  async settle(): Promise<void> {
    for (const process of this.#living) process.heal();
    await this.#world.clock.sleep(2 * LEASE_MS);
    while (this.finalEnd === undefined) {
      const process = this.current ?? this.launch();
      const isDone = await process.consumer.caughtUp().then(
        () => true,
        () => false,
      );
      if (isDone && process === this.current) return;
      await this.#world.clock.sleep(1);
    }
  }

  #killed(process: ConsumerProcess): void {
    if (!this.#living.delete(process)) return;
    this.#world.happened('death', `of ${process.name}`);
    void process.consumer.stop();
    this.#relaunchLater();
  }

  #ended(process: ConsumerProcess, end: ProcessEnd): void {
    if (process.store.isKilled) return;
    this.#living.delete(process);
    this.#world.note(`${process.name} ended: ${describeEnd(end)}`);
    this.#judge(process, end);
    process.kill();
    if (this.finalEnd === undefined) this.#relaunchLater();
  }

  #judge(process: ConsumerProcess, end: ProcessEnd): void {
    const { error, hasStarted } = end;
    if (error === undefined) return;
    if (isArsError(error, 'ARS_FENCED') || isArsError(error, 'ARS_STOPPED')) return;
    if (isArsError(error, 'ARS_STORE_UNAVAILABLE') && !hasStarted) return;
    const isAfterFailover = this.#world.counts.has('failover');
    if (isArsError(error, 'ARS_STATE_LOST') && isAfterFailover) return;
    const isLoss = isArsError(error, 'ARS_STREAM_GAP') || isArsError(error, 'ARS_STREAM_REGRESSED');
    if (isLoss && this.#world.counts.has('accident')) this.finalEnd = { error, process: process.name };
    else this.#world.problems.push(`${process.name} ended unexpectedly: ${describeEnd(end)}`);
  }

  #relaunchLater(): void {
    if (this.#isClosing) return;
    this.#world.clock.after(this.#world.random.next() * 120, () => {
      if (!this.#isClosing && this.finalEnd === undefined && this.#living.size === 0) this.launch();
    });
  }
}
