import type { RedisDriver } from '../driver.js';
import { hashSlot } from '../hash-slot.js';
import { withinTime } from '../within-time.js';
import { Lease } from './lease.js';
import type { Link } from './link.js';
import { openLink, type LinkTimeouts, type OpenLink } from './open-link.js';

/** A home's connection: its lease, and the history of the server behind it. */
export interface LeasedLink {
  readonly link: Lease;
  readonly history: string | undefined;
}

interface Shared {
  readonly link: Link;
  readonly history: string | undefined;
  leases: number;
}

/**
 * The connections that homes commit on: homes whose servers have one history, and so are one server, share one, so
 * that a hundred consumers need no hundred connections. A huge commit holds up those that are sent after it.
 *
 * Every home is opened over a new connection, which is given up when it turns out to lead where a shared one that
 * still answers leads already. A shared one alone would not do: after a failover it may lead to the old master, which
 * still answers. Homes that are opened at the same time are opened over the same new connection; where the history is
 * not known, only they share it.
 */
export class CommitLinks {
  readonly #driver: RedisDriver;
  readonly #timeouts: LinkTimeouts;
  /** Connections being opened, by slot; a single server counts as one slot. */
  readonly #opening = new Map<number, Promise<Shared>>();
  readonly #byHistory = new Map<string, Shared>();

  constructor(driver: RedisDriver, timeouts: LinkTimeouts) {
    this.#driver = driver;
    this.#timeouts = timeouts;
  }

  /** A lease of the connection to the server that has a key now. Rejects as `openLink` does. */
  async lease(key: string): Promise<LeasedLink> {
    let shared = await this.#reach(key);
    while (shared.link.isClosed) shared = await this.#reach(key);
    shared.leases += 1;
    return { link: new Lease(shared.link, () => this.#end(shared)), history: shared.history };
  }

  /** A connection for one home alone, which may block on it. */
  open(key: string): Promise<OpenLink> {
    return openLink(this.#driver, this.#timeouts, 'commit', key);
  }

  #end(shared: Shared): void {
    shared.leases -= 1;
    if (shared.leases > 0) return;
    shared.link.close();
    if (shared.history !== undefined && this.#byHistory.get(shared.history) === shared)
      this.#byHistory.delete(shared.history);
  }

  #reach(key: string): Promise<Shared> {
    const slot = this.#driver.isCluster ? hashSlot(key) : 0;
    const known = this.#opening.get(slot);
    if (known !== undefined) return known;
    const opening = this.#connect(key).finally(() => this.#opening.delete(slot));
    this.#opening.set(slot, opening);
    return opening;
  }

  async #connect(key: string): Promise<Shared> {
    const { link, history } = await this.open(key);
    const fresh = { link, history, leases: 0 };
    if (history === undefined) return fresh;
    const shared = this.#byHistory.get(history);
    if (shared !== undefined && (await this.#answers(shared.link))) {
      link.close();
      return shared;
    }
    this.#byHistory.set(history, fresh);
    return fresh;
  }

  /** A socket that was not used for long may be dead without knowing it. */
  async #answers(link: Link): Promise<boolean> {
    const isAlive = link.send(['PING']).then(
      () => true,
      () => !link.isClosed, // an error is an answer too
    );
    return withinTime(isAlive, this.#timeouts.connectTimeoutMs, 'answer').catch(() => false);
  }
}
