import type { EntryId } from '../domain/entry-id.js';
import type { Logger } from '../domain/logger.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import type { DeadLettered } from '../transaction/batch.js';
import type { StreamGap } from '../transaction/delivery.js';

/** What a consumer tells while it runs, by event name. */
export interface ConsumerEvents {
  /** The consumer owns its position; its state is restored. */
  claimed: { readonly epoch: number; readonly cursors: readonly StreamCursor[] };
  /** A commit was acknowledged. */
  commit: { readonly messages: number; readonly publishes: number; readonly cursors: readonly StreamCursor[] };
  /** A message failed and will be handled again after the delay. */
  retry: {
    readonly stream: string;
    readonly id: EntryId;
    readonly attempt: number;
    readonly delayMs: number;
    readonly error: unknown;
  };
  /** A message was given up and moved to the dead letters; the commit that did so was acknowledged. */
  deadLetter: DeadLettered;
  /** The consumer has an owner; this one waits for its turn, which `claimed` will tell. */
  standby: { readonly consumer: string };
  /** Another owner took over; the consumer ends. */
  fenced: { readonly consumer: string };
  /** Entries vanished before they were read. */
  gap: StreamGap;
  /** The store had lost newer commits; the consumer continues from what it holds. */
  rewound: { readonly from: readonly StreamCursor[]; readonly to: readonly StreamCursor[] };
}

/** The name of an event of a consumer. */
export type ConsumerEventName = keyof ConsumerEvents;

/** Is called with each event of one name. */
export type ConsumerListener<E extends ConsumerEventName> = (event: ConsumerEvents[E]) => void;

/** Calls listeners in the order they were added; an error in one, also in an asynchronous one, is logged and stops nothing. */
export class EventHub {
  readonly #listeners = new Map<ConsumerEventName, Set<(event: never) => void>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<E extends ConsumerEventName>(name: E, listener: ConsumerListener<E>): void {
    let listeners = this.#listeners.get(name);
    if (listeners === undefined) this.#listeners.set(name, (listeners = new Set()));
    listeners.add(listener);
  }

  off<E extends ConsumerEventName>(name: E, listener: ConsumerListener<E>): void {
    this.#listeners.get(name)?.delete(listener);
  }

  emit<E extends ConsumerEventName>(name: E, event: ConsumerEvents[E]): void {
    const listeners = this.#listeners.get(name);
    if (listeners === undefined) return;
    for (const listener of Array.from(listeners) as ConsumerListener<E>[]) {
      const failed = (error: unknown): void => this.#logger.error(`A listener of "${name}" failed.`, error);
      try {
        const answer: unknown = listener(event);
        if (answer instanceof Promise) answer.catch(failed);
      } catch (error) {
        failed(error);
      }
    }
  }

  /** Whether anybody listens, to save building an event for nobody. */
  has(name: ConsumerEventName): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0;
  }
}
