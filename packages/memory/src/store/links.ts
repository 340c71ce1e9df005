import { StoreUnavailableError } from '@ars/core';

const CLOSED = 'the store was closed';

/** What stands for a connection: every call of a reader or home asks it first. Once cut it stays cut. */
export class Link {
  /** Called once when the link is cut, so that whoever waits stops waiting. */
  onCut: (() => void) | undefined;
  readonly #storeName: string;
  readonly #forget: (link: Link) => void;
  #reason: string | undefined;

  constructor(storeName: string, forget: (link: Link) => void) {
    this.#storeName = storeName;
    this.#forget = forget;
  }

  /** Throws `StoreUnavailableError` when the link is cut; nothing was executed then. */
  check(): void {
    if (this.#reason !== undefined) throw unavailable(this.#storeName, this.#reason);
  }

  /** Cuts the link for a reason that its errors name. Calling it twice does nothing. */
  cut(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#forget(this);
    this.onCut?.();
  }
}

/** All links to one store, so that closing or restoring it cuts them. */
export class Links {
  readonly #storeName: string;
  readonly #open = new Set<Link>();
  #closed = false;

  constructor(storeName: string) {
    this.#storeName = storeName;
  }

  /** Opens a link; throws `StoreUnavailableError` once the store is closed. */
  open(): Link {
    this.check();
    const link = new Link(this.#storeName, (cut) => this.#open.delete(cut));
    this.#open.add(link);
    return link;
  }

  /** Throws `StoreUnavailableError` once the store is closed. */
  check(): void {
    if (this.#closed) throw unavailable(this.#storeName, CLOSED);
  }

  /** Cuts every open link. */
  cutAll(reason: string): void {
    for (const link of this.#open) link.cut(reason);
  }

  /** Cuts every open link and opens none any more. */
  close(): void {
    this.#closed = true;
    this.cutAll(CLOSED);
  }
}

function unavailable(store: string, why: string): StoreUnavailableError {
  const reason = why === CLOSED ? 'CLOSED' : 'CONNECTION';
  return new StoreUnavailableError(`Store "${store}" is unavailable: ${why}`, { store, reason, ran: false });
}
