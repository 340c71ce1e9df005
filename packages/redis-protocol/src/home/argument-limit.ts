import { CommitError } from '@ars/core';
import { RedisReplyError } from '../driver.js';
import { failureOf } from '../failure.js';
import type { Sender } from '../link/link.js';

/** No server can be set to take less. */
const ALWAYS_TAKEN = 1024 * 1024;
/** What a server takes unless it is set otherwise. */
const DEFAULT_LIMIT = 512 * 1024 * 1024;

/**
 * The longest argument that a server takes (`proto-max-bulk-len`). It closes the connection on a longer one, mostly before
 * its reason can be read, so that would look like an outage that ends with every new connection, for all homes that share it.
 */
export class ArgumentLimit {
  readonly #sender: Sender;
  readonly #storeName: string;
  /** As far as it is known. */
  #bytes = ALWAYS_TAKEN;

  constructor(sender: Sender, storeName: string) {
    this.#sender = sender;
    this.#storeName = storeName;
  }

  /** Whether an argument of this length needs `demand` first; others go out at once. */
  mayBeBelow(bytes: number): boolean {
    return bytes > this.#bytes;
  }

  /** Asks the server. Throws `CommitError` for a commit that is too long. */
  async demand(bytes: number): Promise<void> {
    this.#bytes = await this.#ask();
    if (bytes <= this.#bytes) return;
    throw new CommitError(
      `${this.#storeName} cannot take a commit of ${bytes} bytes: its limit is ${this.#bytes} (proto-max-bulk-len). Let a ` +
        'message change less state; large values are better kept by key, or in attributes that change seldom',
      { reason: 'TOO_LONG', bytes, limit: this.#bytes },
    );
  }

  /** A server that does not tell is taken to be as servers are by default. */
  async #ask(): Promise<number> {
    try {
      const reply = await this.#sender.send(['CONFIG', 'GET', 'proto-max-bulk-len']);
      const limit = Number(String((reply as readonly unknown[])[1]));
      return Number.isSafeInteger(limit) && limit > 0 ? limit : DEFAULT_LIMIT;
    } catch (error) {
      if (error instanceof RedisReplyError) return DEFAULT_LIMIT;
      throw failureOf(error, { store: this.#storeName, verb: 'commit' });
    }
  }
}
