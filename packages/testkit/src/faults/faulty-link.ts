import { StoreUnavailableError } from '@ars/core';

/** The error of a call that met a fault. */
export function faultError(store: string, why: string, ran: boolean | 'unknown'): StoreUnavailableError {
  return new StoreUnavailableError(`Store "${store}" is unavailable: ${why}`, { store, reason: 'CONNECTION', ran });
}

/** What stands for one connection of a faulty store. */
export class FaultyLink {
  readonly #store: string;
  readonly #onCut: () => void;
  readonly #pending = new Set<(error: StoreUnavailableError) => void>();
  #reason: string | undefined;

  constructor(store: string, onCut: () => void) {
    this.#store = store;
    this.#onCut = onCut;
  }

  get isCut(): boolean {
    return this.#reason !== undefined;
  }

  /** Settles as the work does, or rejects as soon as the link is cut. */
  until<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      work.then(resolve, reject).finally(() => this.#pending.delete(reject));
    });
  }

  /** Throws once the link is cut. */
  check(): void {
    if (this.#reason !== undefined) throw faultError(this.#store, this.#reason, false);
  }

  /** Ends the link; every pending call rejects. Calling it twice does nothing. */
  cut(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const reject of this.#pending) reject(faultError(this.#store, reason, 'unknown'));
    this.#onCut();
  }
}
