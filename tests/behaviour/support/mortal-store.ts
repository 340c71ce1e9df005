import type { StreamStore } from '@ars/core';
import { intercepted, type StoreCall } from './intercepted-store.js';

/** A store whose user can die: as when its process is killed, nothing it asks for is sent or answered any more. */
export interface MortalStore {
  readonly store: StreamStore;
  readonly isDead: boolean;
  /** Dies. Never settles, as a handler that was killed never does. */
  die(): Promise<never>;
  /** Dies when this is called for the `nth` time from now on, `before` it is sent or `after` it took effect. */
  dieAt(call: StoreCall, nth: number, when: 'before' | 'after'): void;
}

/** Lets the user of a store die without a process of its own; whatever was sent before takes effect. */
export function mortal(store: StreamStore): MortalStore {
  const never = new Promise<never>(() => {});
  let isDead = false;
  let fate: { call: StoreCall; left: number; when: 'before' | 'after' } | undefined;
  return {
    store: intercepted(store, async (call, proceed) => {
      if (isDead) return never;
      const isDue = fate?.call === call && (fate.left -= 1) === 0;
      if (isDue && fate!.when === 'before') isDead = true;
      if (isDead) return never;
      const answer = await proceed();
      if (isDue) isDead = true;
      return isDead ? never : answer;
    }),
    get isDead() {
      return isDead;
    },
    die: () => {
      isDead = true;
      return never;
    },
    dieAt: (call, nth, when) => (fate = { call, left: nth, when }),
  };
}
