import type { Environment } from '../domain/environment.js';
import { isArsError } from '../domain/errors.js';
import type { Logger } from '../domain/logger.js';
import type { Retention, StreamCare } from '../store/stream-care.js';

/** A stream is trimmed at most once in this time. */
const PERIOD_MS = 1_000;

/** A call that removed so many may have left some. */
const FULL_LOAD = 10_000;

/** How streams are trimmed. */
export interface KeepingTools {
  /** The store that holds the streams. */
  readonly store: Pick<StreamCare, 'trim'>;
  readonly environment: Environment;
  readonly logger: Logger;
  /**
   * Whether a stream is also trimmed after the last note, by a timer, which `close` ends. Without, nothing happens but
   * at a note, and there is nothing to close. Default `true`.
   */
  readonly hasTimers?: boolean;
}

/** One stream that a keeper trims: never two calls at a time, and one after the last note. */
export class KeptStream {
  readonly #name: string;
  readonly #tools: KeepingTools;
  readonly #hasTimers: boolean;
  #retention: Retention | undefined;
  /** Whether there was a note after the latest call began. */
  #isDue = false;
  #trimming: Promise<void> | undefined;
  #trimmedAt = -Infinity;
  #cancelTimer: (() => void) | undefined;
  #hasWarned = false;
  #isClosing = false;
  #isGivenUp = false;

  constructor(name: string, tools: KeepingTools) {
    this.#name = name;
    this.#tools = tools;
    this.#hasTimers = tools.hasTimers ?? true;
  }

  /** Sees to it that the stream is trimmed, now or within a second. */
  note(retention: Retention): void {
    this.#retention = retention;
    if (this.#isDue) return;
    const waitMs = this.#waitMs();
    if (!this.#hasTimers && (waitMs > 0 || this.#trimming !== undefined)) return;
    this.#isDue = true;
    if (this.#trimming === undefined) this.#trimIn(waitMs);
  }

  /** Does now what is due, and nothing more after that. */
  async finish(): Promise<void> {
    this.#isClosing = true;
    this.#cancelTimer?.();
    await this.#trimming;
    if (this.#isDue && !this.#isGivenUp) await this.#trim();
  }

  /** Ends `finish` after the call that is under way. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  #waitMs(): number {
    return this.#trimmedAt + PERIOD_MS - this.#tools.environment.now();
  }

  #trimIn(delayMs: number, isAgeing = false): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const begin = (): void => {
      this.#cancelTimer = undefined;
      this.#trimming = this.#trim().then(() => {
        this.#trimming = undefined;
        if (!this.#isClosing) this.#goOn(isAgeing);
      });
    };
    if (delayMs <= 0) begin();
    else this.#cancelTimer = this.#tools.environment.after(delayMs, begin);
  }

  /** What is too young to go now will be old enough later, and perhaps nobody will make a note then. */
  #goOn(hasAged: boolean): void {
    if (!this.#hasTimers) return;
    const retention = this.#retention!;
    if (this.#isDue) this.#trimIn(this.#waitMs());
    else if (!hasAged && retention !== 'consumed' && 'maxAge' in retention)
      this.#trimIn(retention.maxAge + PERIOD_MS, true);
  }

  async #trim(): Promise<void> {
    this.#isDue = false;
    try {
      let removed = FULL_LOAD;
      while (removed >= FULL_LOAD && !this.#isGivenUp) {
        removed = await this.#tools.store.trim(this.#name, this.#retention!);
      }
      this.#hasWarned = false;
      // A store may remove little at a time, and others may have read on; so it ends when nothing is left to remove.
      if (removed > 0 && this.#hasTimers) this.#isDue = true;
    } catch (error) {
      this.#report(error);
      // What is away comes back; nobody may make a note of it.
      const isAway = isArsError(error, 'ARS_STORE_UNAVAILABLE') && error.details['reason'] !== 'CLOSED';
      if (isAway && this.#hasTimers) this.#isDue = true;
    }
    this.#trimmedAt = this.#tools.environment.now();
  }

  /** A logger that fails itself must not end the process from here. */
  #report(error: unknown): void {
    const isAway = isArsError(error, 'ARS_STORE_UNAVAILABLE');
    const { logger } = this.#tools;
    try {
      if (isAway) logger.debug(`Stream "${this.#name}" could not be trimmed now.`, error);
      else if (!this.#hasWarned)
        logger.warn(`Stream "${this.#name}" cannot be trimmed, so it grows. It is tried again.`, error);
    } catch {
      // Nobody is left to tell.
    }
    if (!isAway) this.#hasWarned = true;
  }
}
