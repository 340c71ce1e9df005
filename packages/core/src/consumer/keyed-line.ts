import { bytesOf } from '../transaction/delivery.js';
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

/** How many batches stand in the line: while the states of one are awaited, those of another are handled. */
const BATCHES_AHEAD = 2;

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
  /** The place in the queue of the next delivery; those before it were taken. */
  #next = 0;
  /** Of the deliveries that wait, about. */
  #bytes = 0;

  constructor(plan: ConsumerPlan, keyed: KeyedPlan, feed: Feed, loader: KeyedLoader, sweep: KeySweep) {
    this.#plan = plan;
    this.#keyed = keyed;
    this.#feed = feed;
    this.#loader = loader;
    this.#sweep = sweep;
  }

  get isEmpty(): boolean {
    return this.#size === 0 && this.#feed.isEmpty;
  }

  take(): Delivery | undefined {
    const front = this.front();
    return front !== undefined && this.#isReady(front) ? this.#shift() : undefined;
  }

  putBack(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.release(delivery);
      this.#bytes += bytesOf(delivery);
    }
    this.#queue = [...deliveries, ...this.#waiting()];
    this.#next = 0;
  }

  release(delivery: Delivery): void {
    const state = delivery.prepared?.state;
    delivery.prepared = undefined;
    if (state !== undefined) this.#keyed.states.unpin(state);
  }

  peek(): Delivery | undefined {
    return this.#queue[this.#next];
  }

  front(): Delivery | undefined {
    if (this.#size === 0) this.#fill();
    return this.peek();
  }

  discard(): Delivery | undefined {
    return this.#size > 0 ? this.#shift() : this.#feed.take();
  }

  clear(): void {
    for (const delivery of this.#waiting()) this.release(delivery);
    this.#queue = [];
    this.#next = 0;
    this.#bytes = 0;
    this.#loader.reset();
  }

  prepare(home: ConsumerHome, token: Token): boolean {
    this.#loader.attach(home, token);
    this.#sweep.advance(home);
    this.#fill();
    return this.#loader.takeSent();
  }

  /** States have arrived: those that messages wait for are kept for them. */
  pinLoaded(): void {
    for (const { prepared } of this.#waiting()) if (prepared !== undefined) this.#pin(prepared);
  }

  get #size(): number {
    return this.#queue.length - this.#next;
  }

  #waiting(): readonly Delivery[] {
    return this.#next === 0 ? this.#queue : this.#queue.slice(this.#next);
  }

  #shift(): Delivery {
    const delivery = this.#queue[this.#next]!;
    this.#next += 1;
    this.#bytes -= bytesOf(delivery);
    return delivery;
  }

  /**
   * Prepares what the feed has, by halves, so that keys are asked for by the hundreds and not one by one. Bounded by
   * messages and, as the feed is, by bytes.
   */
  #fill(): void {
    const room = this.#feed.isCautious ? 1 : this.#plan.batch.maxMessages * BATCHES_AHEAD;
    if (this.#size > room / 2 || this.#feed.isEmpty || this.#isFull(room)) return;
    this.#queue = [...this.#waiting()];
    this.#next = 0;
    const missing: string[] = [];
    while (!this.#isFull(room)) {
      const delivery = this.#feed.take();
      if (delivery === undefined) break;
      const key = this.#join(delivery);
      if (key !== undefined) missing.push(key);
    }
    if (missing.length > 0) this.#loader.want(missing);
  }

  #isFull(room: number): boolean {
    return this.#size >= room || (this.#size > 0 && this.#bytes >= this.#plan.batch.maxBytes);
  }

  /**
   * Answers its key if the state of that is not there. Under caution that is asked only when it is taken: decoding a
   * message and naming its key may end the process, too, and must not do so under the mark of another.
   */
  #join(delivery: Delivery): string | undefined {
    this.#queue.push(delivery);
    this.#bytes += bytesOf(delivery);
    if (delivery.gap !== undefined || this.#feed.isCautious) return undefined;
    const prepared = (delivery.prepared = prepare(this.#plan, delivery));
    return this.#pin(prepared) ? undefined : prepared.key;
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
