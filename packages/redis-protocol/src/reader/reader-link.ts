import { ConfigurationError, StoreUnavailableError } from '@ars/core';
import type { RedisDriver } from '../driver.js';
import { hashSlot } from '../hash-slot.js';
import type { KeyLayout } from '../key-layout.js';
import type { Link } from '../link/link.js';
import { openLink, type LinkTimeouts, type OpenLink } from '../link/open-link.js';

/**
 * The connection of one reader. On Redis Cluster the streams of the first call decide the node; until then
 * there is no connection and no history.
 */
export class ReaderLink {
  readonly #driver: RedisDriver;
  readonly #timeouts: LinkTimeouts;
  readonly #layout: KeyLayout;
  #opening: Promise<OpenLink> | undefined;
  #open: OpenLink | undefined;
  #isClosed = false;

  constructor(driver: RedisDriver, timeouts: LinkTimeouts, layout: KeyLayout) {
    this.#driver = driver;
    this.#timeouts = timeouts;
    this.#layout = layout;
  }

  get history(): string | undefined {
    return this.#open?.history;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Connects to the server of a key; once only, whatever comes of it. */
  async #connect(key: string): Promise<Link> {
    this.#opening ??= openLink(this.#driver, this.#timeouts, 'read', key);
    const open = await this.#opening;
    if (this.#isClosed) {
      open.link.close();
      throw new StoreUnavailableError(`${this.#driver.name}: the reader is closed`, { reason: 'CLOSED', ran: false });
    }
    this.#open = open;
    return open.link;
  }

  /** The connection to read these streams on; a single server needs none to be named. */
  async forStreams(streams: readonly string[]): Promise<Link> {
    const keys = streams.map((stream) => this.#layout.stream(stream));
    if (this.#driver.isCluster && new Set(keys.map(hashSlot)).size > 1) {
      throw new ConfigurationError(
        `a consumer's streams must share one hash slot on Redis Cluster: ${streams.join(', ')}`,
      );
    }
    return this.#open?.link ?? this.#connect(keys[0] ?? '');
  }

  close(): void {
    this.#isClosed = true;
    this.#open?.link.close();
  }
}
