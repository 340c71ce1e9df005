import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Delivery } from '../transaction/delivery.js';
import type { Feed } from './feed.js';

/** Where the next message comes from: the feed, or what must be made ready between it and the handler. */
export interface Line {
  /** The next delivery that is ready, or `undefined` when none is. */
  take(): Delivery | undefined;
  /** The next delivery, if it was taken before and came back; it may not be ready. */
  peek(): Delivery | undefined;
  /** The next delivery, ready or not, which stays where it is. */
  front(): Delivery | undefined;
  /** The next delivery, ready or not: one that will not be handled. */
  discard(): Delivery | undefined;
  /** Takes undone deliveries back, in their order, before everything else. */
  putBack(deliveries: readonly Delivery[]): void;
  /** Ends what a delivery holds: it is staged without being handled. */
  release(delivery: Delivery): void;
  /** Forgets what waits. */
  clear(): void;
  /**
   * Gets what it needs from this home from now on, and asks for what the next messages need; true when that was
   * sent since the last call.
   */
  prepare(home: ConsumerHome, token: Token): boolean;
  /** Whether nothing waits to be taken. */
  readonly isEmpty: boolean;
}

/** The feed itself: messages need nothing but their turn. */
export function directLine(feed: Feed): Line {
  return {
    take: () => feed.take(),
    peek: () => feed.peek(),
    front: () => {
      const next = feed.take();
      if (next !== undefined) feed.putBack([next]);
      return next;
    },
    discard: () => feed.take(),
    putBack: (deliveries) => feed.putBack(deliveries),
    release: () => {},
    clear: () => {},
    prepare: () => false,
    get isEmpty() {
      return feed.isEmpty;
    },
  };
}
