import { StoreUnavailableError } from '@ars/core';
import type { RedisDriver } from '../driver.js';
import { hashSlot } from '../hash-slot.js';
import type { Link } from '../link/link.js';
import { openLink, type LinkTimeouts, type OpenLink } from '../link/open-link.js';

/** On Redis Cluster every slot in use has a connection of its own, up to so many; the least used one gives way. */
const LINKS_MAX = 32;

/**
 * The connections for what happens outside consumers, shared by all callers: made when first needed, made again
 * after they were lost.
 */
export class ControlLinks {
  readonly #driver: RedisDriver;
  readonly #timeouts: LinkTimeouts;
  /** By slot, least recently used first; a single server counts as one slot. */
  readonly #links = new Map<number, Promise<OpenLink>>();
  #isClosed = false;

  constructor(driver: RedisDriver, timeouts: LinkTimeouts) {
    this.#driver = driver;
    this.#timeouts = timeouts;
  }

  /** The connection to the server of a key. */
  async linkFor(key: string): Promise<Link> {
    const slot = this.#driver.isCluster ? hashSlot(key) : 0;
    const known = this.#links.get(slot);
    if (known !== undefined) {
      const open = await known;
      if (!open.link.isClosed) {
        this.#touch(slot, known);
        return open.link;
      }
    }
    return this.#connect(slot, key, known);
  }

  /** Ends all connections; later calls reject. */
  close(): void {
    this.#isClosed = true;
    for (const slot of this.#links.keys()) this.#drop(slot);
  }

  async #connect(slot: number, key: string, stale: Promise<OpenLink> | undefined): Promise<Link> {
    const current = this.#links.get(slot);
    if (current !== undefined && current !== stale) return (await current).link;
    if (this.#isClosed) throw this.#closedError();
    const opening = openLink(this.#driver, this.#timeouts, 'control', key);
    this.#links.set(slot, opening);
    for (const [oldest] of this.#links) if (this.#links.size > LINKS_MAX) this.#drop(oldest);
    try {
      const { link } = await opening;
      if (!this.#isClosed) return link;
      link.close();
    } catch (error) {
      if (this.#links.get(slot) === opening) this.#links.delete(slot);
      throw error;
    }
    throw this.#closedError();
  }

  #touch(slot: number, opening: Promise<OpenLink>): void {
    if (this.#links.get(slot) !== opening) return;
    this.#links.delete(slot);
    this.#links.set(slot, opening);
  }

  #drop(slot: number): void {
    this.#links.get(slot)?.then(
      ({ link }) => link.close(),
      () => {},
    );
    this.#links.delete(slot);
  }

  #closedError(): StoreUnavailableError {
    return new StoreUnavailableError(`${this.#driver.name}: the store is closed`, { reason: 'CLOSED', ran: false });
  }
}
