import { isArsError, StreamConsumer, type StreamConsumerOptions, type StreamStore } from '@ars/core';
import { createMemoryStore, type MemorySnapshot, type MemoryStore } from '@ars/memory';
import { QuietLogger } from '../support/quiet-logger.js';
import { Dice } from './dice.js';
import { FlakyClient, type Weather } from './flaky-client.js';
import { emptyFold, type FoldState } from './fold.js';
import { isComplete, judge, observe } from './judge.js';
import { drawManner, drawSetting, keyOf, type Manner, type Setting } from './setting.js';
import { simulatedHandler, type Temper, type Watch } from './simulated-handler.js';
import { VirtualClock } from './virtual-clock.js';

/** What a simulated run may do besides the ordinary. */
export interface SimulationOptions {
  readonly seed: number;
  readonly steps?: number;
  /** Puts a store with a planted bug between the consumers and the server, to see that the judge finds it. */
  readonly sabotage?: (store: StreamStore) => StreamStore;
}

/** One process that runs the consumer, and its way to the server. */
interface Process {
  readonly consumer: StreamConsumer<FoldState, string>;
  readonly client: FlakyClient;
  isEnding: boolean;
}

const HARMLESS_ENDS = ['ARS_FENCED', 'ARS_STATE_LOST', 'ARS_STOPPED', 'ARS_STORE_UNAVAILABLE'] as const;

/** A server, processes that fight for one consumer, and everything that can go wrong between them, all from one seed. */
export class Simulation {
  /** What happened, in order; equal for equal seeds. */
  readonly trace: string[] = [];
  readonly #dice: Dice;
  readonly #clock: VirtualClock;
  readonly #memory: MemoryStore;
  readonly #server: StreamStore;
  readonly #steps: number;
  readonly setting: Setting;
  readonly #temper: Temper;
  readonly #loss: number;
  readonly #restores: boolean;
  readonly #processes: Process[] = [];
  readonly #stopping: Promise<void>[] = [];
  readonly #snapshots: MemorySnapshot[] = [];
  readonly #callbacks: string[] = [];
  readonly #watch: Watch = {
    committed: (id) => void this.#callbacks.push(id),
    failed: (problem) => void (this.#problem ??= problem),
  };
  #problem: unknown;
  #added = 0;

  constructor({ seed, steps = 120, sabotage = (store) => store }: SimulationOptions) {
    this.#dice = new Dice(seed);
    this.#clock = new VirtualClock(seed + 1);
    this.#memory = createMemoryStore({ now: this.#clock.now, after: this.#clock.after });
    this.#memory.add('full', { n: 0 }, '18446744073709551615-18446744073709551615');
    this.#server = sabotage(this.#memory);
    this.#steps = steps;
    this.setting = drawSetting(this.#dice);
    this.#temper = { failures: this.#dice.pick([0, 0.05, 0.3]), delays: this.#dice.pick([0, 0.2, 0.7]) };
    this.#loss = this.#dice.pick([0, 0.01, 0.08]);
    this.#restores = this.#dice.chance(0.5);
  }

  /** Runs to the end and judges all along; throws what it finds. */
  async run(): Promise<void> {
    for (let step = 0; step < this.#steps; step += 1) {
      this.#act();
      for (let turns = this.#dice.below(8); turns > 0; turns -= 1) await this.#clock.step();
      await this.#judge();
    }
    await this.#finish();
  }

  #act(): void {
    const alive = this.#processes.filter(({ isEnding }) => !isEnding).length;
    const actions: [weight: number, name: string, act: () => void][] = [
      [40, 'add', () => this.#add()],
      [alive < 2 ? 20 : 4, 'start', () => this.#startAny()],
      [3, 'stop', () => this.#withAny((process) => this.#stop(process))],
      [3, 'crash', () => this.#withAny((process) => this.#crash(process))],
      [3, 'cut', () => this.#withAny(({ client }) => client.cut())],
      [2, 'disconnect', () => this.#memory.disconnect()],
      [4, 'snapshot', () => this.#snapshots.push(this.#memory.snapshot())],
      [this.#restores ? 3 : 0, 'restore', () => this.#restore()],
      [this.setting.shape === 'keyed' ? 4 : 0, 'ask', () => this.#withAny((process) => this.#ask(process))],
    ];
    let throwOf = this.#dice.next() * actions.reduce((sum, [weight]) => sum + weight, 0);
    const [, name, act] = actions.find(([weight]) => (throwOf -= weight) < 0)!;
    this.trace.push(`${Math.round(this.#clock.now())} ${name}`);
    act();
  }

  #add(): void {
    for (let count = 1 + this.#dice.below(6); count > 0; count -= 1) this.#memory.add('in', { n: (this.#added += 1) });
  }

  #startAny(): void {
    const weather = { delayMsMax: this.#dice.pick([0, 3, 20]), loss: this.#loss };
    this.#start(weather, drawManner(this.#dice, this.setting));
  }

  /** Whatever is asked for has no influence. */
  #ask({ consumer }: Process): void {
    consumer.stateOf(keyOf(this.setting, this.#dice.below(40))).catch(() => {});
  }

  #start(weather: Weather, manner: Manner): Process {
    const client = new FlakyClient(this.#server, this.#clock, this.#dice, weather);
    const name = this.#processes.length;
    const consumer = new StreamConsumer(this.#options(client, manner));
    const process = { consumer, client, isEnding: false };
    this.#processes.push(process);
    consumer.on('commit', ({ cursors }) => this.trace.push(`${name} committed ${cursors[0]!.position}`));
    consumer.on('rewound', () => this.trace.push(`${name} rewound`));
    consumer.start().catch(() => {});
    consumer.closed.then(
      () => this.#ended(process, `${name} stopped`),
      (error: unknown) => {
        this.#ended(process, `${name} ended: ${(error as { code?: string }).code}`);
        if (!HARMLESS_ENDS.some((code) => isArsError(error, code))) this.#problem ??= error;
      },
    );
    return process;
  }

  #options(client: FlakyClient, manner: Manner): StreamConsumerOptions<FoldState, string> {
    const { setting } = this;
    const { shape, ttlMs } = setting;
    const surroundings = { clock: this.#clock, dice: this.#dice, temper: this.#temper, watch: this.#watch, setting };
    return {
      store: client,
      stream: 'in',
      consumerId: 'c',
      ...(shape === 'stateless' ? {} : { state: emptyFold }),
      ...(setting.hasKey ? { key: ({ n }) => keyOf(setting, Number(n)) } : {}),
      ...(shape === 'keyed' ? { stateCache: { maxKeys: manner.maxKeys } } : {}),
      ...(ttlMs === undefined ? {} : { stateTtlMs: ttlMs }),
      ...(setting.hasDeadLetter ? { deadLetter: 'dead', retry: { attempts: 3 } } : {}),
      concurrency: manner.concurrency,
      standby: manner.isStandby,
      leaseMs: setting.leaseMs,
      logger: new QuietLogger(),
      environment: this.#clock,
      batch: { maxMessages: manner.maxMessages },
      handler: simulatedHandler({ ...surroundings, concurrency: manner.concurrency }),
    };
  }

  #ended(process: Process, what: string): void {
    process.isEnding = true;
    this.trace.push(what);
  }

  #withAny(act: (process: Process) => void): void {
    const alive = this.#processes.filter(({ isEnding }) => !isEnding);
    if (alive.length > 0) act(this.#dice.pick(alive));
  }

  #stop(process: Process): void {
    process.isEnding = true;
    this.#stopping.push(process.consumer.stop());
  }

  #crash(process: Process): void {
    process.isEnding = true;
    process.client.crash();
  }

  #restore(): void {
    if (this.#snapshots.length > 0) this.#memory.restoreSnapshot(this.#dice.pick(this.#snapshots));
  }

  async #judge(): Promise<void> {
    if (this.#problem !== undefined)
      throw new Error('something happened that nothing explains', { cause: this.#problem });
    const verdict = judge(this.setting, await observe(this.#memory, this.setting));
    if (verdict !== undefined) throw new Error(verdict);
  }

  /** All faults cease, whoever was left dies, what is on its way arrives; then one last owner finishes the work. */
  async #finish(): Promise<void> {
    this.trace.push('finish');
    this.#temper.failures = 0;
    for (const process of this.#processes) {
      process.client.weather = { delayMsMax: 0, loss: 0 };
      if (!process.isEnding) this.#crash(process);
    }
    await this.#until(Promise.all(this.#stopping));
    await this.#until(new Promise<void>((resolve) => this.#clock.after(100, resolve)));
    const manner = { ...drawManner(this.#dice, this.setting), isStandby: false };
    await this.#until(this.#finishWith(this.#start({ delayMsMax: 0, loss: 0 }, manner)));
    await this.#judge();
    if (!isComplete(await observe(this.#memory, this.setting)))
      throw new Error('caught up, but not all inputs are done');
    if (!this.#restores && new Set(this.#callbacks).size !== this.#callbacks.length)
      throw new Error('afterCommit ran twice');
  }

  async #finishWith({ consumer }: Process): Promise<void> {
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
  }

  async #until(done: Promise<unknown>): Promise<void> {
    let isDone = false;
    let failure: unknown;
    done.then(
      () => (isDone = true),
      (error: unknown) => {
        isDone = true;
        failure = error;
      },
    );
    for (let turns = 0; !isDone; turns += 1) {
      const hasMore = await this.#clock.step();
      if (turns > 50_000 || (!hasMore && !isDone)) throw new Error('the work never ends');
    }
    if (failure !== undefined) throw failure;
  }
}
