import { ConnectionLostError, type RedisReply } from '../driver.js';
import type { Sender } from './link.js';

/**
 * One home's part in a link that several share. Closing it rejects what this home has pending, which may still run, and
 * leaves the link to the others. When the link dies, every lease of it fails.
 */
export class Lease implements Sender {
  readonly #link: Sender;
  readonly #onClose: () => void;
  readonly #pending = new Set<(error: Error) => void>();
  #isClosed = false;

  constructor(link: Sender, onClose: () => void) {
    this.#link = link;
    this.#onClose = onClose;
  }

  send(args: readonly (string | Uint8Array)[], waitMs = 0): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(ended(false));
      this.#pending.add(reject);
      this.#link.send(args, waitMs).then(
        (reply) => {
          this.#pending.delete(reject);
          resolve(reply);
        },
        (error: unknown) => {
          this.#pending.delete(reject);
          reject(error as Error);
        },
      );
    });
  }

  /** Ends this lease alone. Calling it twice does nothing. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const reject of this.#pending) reject(ended(true));
    this.#pending.clear();
    this.#onClose();
  }
}

function ended(mayHaveRun: boolean): ConnectionLostError {
  return new ConnectionLostError('the connection has ended', mayHaveRun);
}
