import type { RedisReply } from '../driver.js';
import { failureOf } from '../failure.js';
import { runScript, type Script } from '../script.js';
import type { Sender } from './link.js';

/** Sends on a link, and turns what goes wrong into errors of this library, which name the store and what was tried. */
export class Calls {
  readonly #sender: Sender;
  readonly #store: string;

  constructor(sender: Sender, store: string) {
    this.#sender = sender;
    this.#store = store;
  }

  /** Runs a script; `verb` completes "cannot …". Refused content of a commit is a `CommitError`. */
  async run(
    verb: string,
    script: Script,
    keys: readonly string[],
    args: readonly (string | Uint8Array)[],
    isCommit = false,
  ): Promise<RedisReply> {
    try {
      return await runScript(this.#sender, script, keys, args);
    } catch (error) {
      throw failureOf(error, { store: this.#store, verb, isCommit });
    }
  }

  /** Sends one command that only reads. */
  async send(verb: string, args: readonly string[]): Promise<RedisReply> {
    try {
      return await this.#sender.send(args);
    } catch (error) {
      throw failureOf(error, { store: this.#store, verb });
    }
  }
}
