import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Delivery, Prepared } from '../transaction/delivery.js';
import type { Feed } from './feed.js';
import type { KeySweep } from './key-sweep.js';
import type { KeyedLoader } from './keyed-loader.js';
import type { KeyedPlan } from './keyed-plan.js';
import type { Line } from './line.js';
import type { ConsumerPlan } from './plan.js';
import { prepare } from './prepare.js';

/**
 * Stands between the feed and the handler of a consumer with keyed state: decodes messages ahead of their turn, asks for
 * the states of their keys together, and lets each go when its state is there. A state that waits for its message is
 * pinned; the pin goes with the delivery until its work is staged, or ends here when it comes back.
 */
export class KeyedLine implements Line {
  readonly #plan: ConsumerPlan;
  readonly #keyed: KeyedPlan;
  readonly #feed: Feed;
  readonly #loader: KeyedLoader;
  readonly #sweep: KeySweep;
  #queue: Delivery[] = [];

  constructor(plan: ConsumerPlan, keyed: KeyedPlan, feed: Feed, loader: KeyedLoader, sweep: KeySweep) {
    this.#plan = plan;
    this.#keyed = keyed;
    this.#feed = feed;
    this.#loader = loader;
    this.#sweep = sweep;
  }

  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#feed.isEmpty;
  }

  take(): Delivery | undefined {
    this.#fill();
    const front = this.#queue[0];
    if (front === undefined || !this.#isReady(front)) return undefined;
    return this.#queue.shift();
  }

  putBack(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) this.release(delivery);
    this.#queue = [...deliveries, ...this.#queue];
  }

  release(delivery: Delivery): void {
    const state = delivery.prepared?.state;
    delivery.prepared = undefined;
    if (state !== undefined) this.#keyed.states.unpin(state);
  }

  peek(): Delivery | undefined {
    return this.#queue[0];
  }

  discard(): Delivery | undefined {
    return this.#queue.shift() ?? this.#feed.take();
  }

  clear(): void {
    for (const delivery of this.#queue) this.release(delivery);
    this.#queue = [];
    this.#loader.reset();
  }

  attach(home: ConsumerHome, token: Token): void {
    this.#loader.attach(home, token);
    this.#sweep.advance(home);
  }

  /** States have arrived: those that messages wait for are kept for them. */
  pinLoaded(): void {
    for (const { prepared } of this.#queue) if (prepared !== undefined) this.#pin(prepared);
  }

  /** Prepares what the feed has, as far as one batch; by halves, so that keys are asked for by the hundreds and not one by one. */
  #fill(): void {
    const room = this.#feed.isCautious ? 1 : this.#plan.batch.maxMessages;
    if (this.#queue.length > room / 2) return;
    const missing: string[] = [];
    while (this.#queue.length < room) {
      const delivery = this.#feed.take();
      if (delivery === undefined) break;
      this.#queue.push(delivery);
      if (delivery.gap !== undefined) continue;
      const prepared = (delivery.prepared = prepare(this.#plan, delivery));
      if (prepared.key !== undefined && !this.#pin(prepared)) missing.push(prepared.key);
    }
    if (missing.length > 0) this.#loader.want(missing);
  }

  /** What came back has lost its preparation, and with it its hold on the cache. */
  #isReady(delivery: Delivery): boolean {
    if (delivery.gap !== undefined) return true;
    const prepared = (delivery.prepared ??= prepare(this.#plan, delivery));
    if (prepared.key === undefined || this.#pin(prepared)) return true;
    if (!this.#keyed.states.isLoading(prepared.key)) this.#loader.want([prepared.key]);
    return false;
  }

  #pin(prepared: Prepared): boolean {
    if (prepared.state !== undefined) return true;
    const state = prepared.key === undefined ? undefined : this.#keyed.states.get(prepared.key);
    if (state === undefined) return false;
    this.#keyed.states.pin(state);
    prepared.state = state;
    return true;
  }
}
