import type { StreamLike } from '../transaction/stream-definition.js';
import { KeptStream } from './kept-stream.js';
import type { KeepingTools } from './kept-stream.js';

/** How long `close` waits for what is under way. */
const CLOSE_MS = 1_000;

/** Trims streams as their definitions say, in the background and at most once a second each, while they are in use. */
export class RetentionKeeper {
  readonly #tools: KeepingTools;
  readonly #streams = new Map<string, KeptStream>();
  #closing: Promise<void> | undefined;

  constructor(tools: KeepingTools) {
    this.#tools = tools;
  }

  /**
   * Says that a stream was appended to, or consumed. Cheap enough for every message; nothing happens to a stream that
   * is given by name or whose definition has no retention. Never throws.
   */
  note(stream: StreamLike): void {
    if (typeof stream === 'string' || stream.retention === undefined || this.#closing !== undefined) return;
    let kept = this.#streams.get(stream.name);
    if (kept === undefined) {
      kept = new KeptStream(stream.name, this.#tools);
      this.#streams.set(stream.name, kept);
    }
    kept.note(stream.retention);
  }

  /**
   * Ends every timer and does at once what they would have done; resolves when that is done, or after a second. Later
   * notes do nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const streams = [...this.#streams.values()];
    await new Promise<void>((resolve) => {
      const cancel = this.#tools.environment.after(CLOSE_MS, () => {
        for (const stream of streams) stream.giveUp();
        resolve();
      });
      void Promise.all(streams.map((stream) => stream.finish())).then(() => {
        cancel();
        resolve();
      });
    });
  }
}
