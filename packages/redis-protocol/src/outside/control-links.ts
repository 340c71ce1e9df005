import { StoreUnavailableError } from '@ars/core';
import type { RedisDriver } from '../driver.js';
import { hashSlot } from '../hash-slot.js';
import type { Link } from '../link/link.js';
import { openLink, type LinkTimeouts, type OpenLink } from '../link/open-link.js';

/**
 * The connections for what happens outside consumers, shared by all callers: made when first needed, made again
 * after they were lost, also while nobody used them. On Redis Cluster one a node: only connecting tells which node has a slot, and a connection to
 * a node that has one already is given up for that one.
 */
export class ControlLinks {
  readonly #driver: RedisDriver;
  readonly #timeouts: LinkTimeouts;
  /** The link of each slot in use; a single server counts as one slot. */
  readonly #bySlot = new Map<number, Promise<Link>>();
  readonly #byNode = new Map<string, Link>();
  #isClosed = false;

  constructor(driver: RedisDriver, timeouts: LinkTimeouts) {
    this.#driver = driver;
    this.#timeouts = timeouts;
  }

  /** The connection to the server of a key. */
  async linkFor(key: string): Promise<Link> {
    const slot = this.#slotOf(key);
    const known = this.#bySlot.get(slot);
    if (known !== undefined) {
      const link = await known;
      if (!link.isClosed) return link;
      if (this.#bySlot.get(slot) === known) this.#bySlot.delete(slot);
      return this.linkFor(key);
    }
    const opening = this.#open(key);
    this.#bySlot.set(slot, opening);
    opening.catch(() => {
      if (this.#bySlot.get(slot) === opening) this.#bySlot.delete(slot);
    });
    return opening;
  }

  /** Forgets where a key was: its server said that it is elsewhere, or can no longer serve it. */
  forget(key: string): void {
    this.#bySlot.delete(this.#slotOf(key));
  }

  /** Ends all connections; later calls reject. */
  close(): void {
    this.#isClosed = true;
    for (const link of this.#byNode.values()) link.close();
  }

  #slotOf(key: string): number {
    return this.#driver.isCluster ? hashSlot(key) : 0;
  }

  async #open(key: string): Promise<Link> {
    this.#refuseWhenClosed();
    const opened = await openLink(this.#driver, this.#timeouts, 'control', key);
    const link = this.#shared(opened);
    if (this.#isClosed) link.close();
    this.#refuseWhenClosed();
    return link;
  }

  /** The link that callers share for the node just connected to. Without nodes the newest replaces the one before. */
  #shared({ link, node }: OpenLink): Link {
    const shared = this.#byNode.get(node ?? '');
    if (node !== undefined && shared?.isClosed === false) {
      link.close();
      return shared;
    }
    shared?.close();
    this.#byNode.set(node ?? '', link);
    return link;
  }

  #refuseWhenClosed(): void {
    if (!this.#isClosed) return;
    throw new StoreUnavailableError(`${this.#driver.name}: the store is closed`, { reason: 'CLOSED', ran: false });
  }
}
