import { CommitError } from '@ars/core';
import { RedisReplyError } from '../driver.js';
import { failureOf } from '../failure.js';
import type { Sender } from '../link/link.js';

const MIB = 1024 * 1024;
/** What the rest of a command may take, beside its longest argument. */
const REST = 64 * 1024;
/** No server can be set to take less than one MiB. */
const ALWAYS_TAKEN = MIB - REST;
/** What a server takes of one argument, and of a whole command, unless it is set otherwise. */
const DEFAULTS = { 'proto-max-bulk-len': 512 * MIB, 'client-query-buffer-limit': 1024 * MIB };

/**
 * The longest argument that a server takes (`proto-max-bulk-len`, `client-query-buffer-limit`). It closes the connection on a longer one, mostly before
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
      `${this.#storeName} cannot take a commit of ${bytes} bytes: its limit is ${this.#bytes} (proto-max-bulk-len, client-query-buffer-limit). Let a ` +
        'message change less state; large values are better kept by key, or in attributes that change seldom',
      { reason: 'TOO_LONG', bytes, limit: this.#bytes },
    );
  }

  /** A server that does not tell is taken to be as servers are by default. */
  async #ask(): Promise<number> {
    const names = Object.keys(DEFAULTS) as (keyof typeof DEFAULTS)[];
    const [argument, command] = await Promise.all(names.map((name) => this.#setting(name)));
    return Math.min(argument!, command! - REST);
  }

  async #setting(name: keyof typeof DEFAULTS): Promise<number> {
    try {
      const reply = await this.#sender.send(['CONFIG', 'GET', name]);
      const limit = Number(String((reply as readonly unknown[])[1]));
      return Number.isSafeInteger(limit) && limit > 0 ? limit : DEFAULTS[name];
    } catch (error) {
      if (error instanceof RedisReplyError) return DEFAULTS[name];
      throw failureOf(error, { store: this.#storeName, verb: 'commit' });
    }
  }
}
