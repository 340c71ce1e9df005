import { ConnectionLostError, type RedisConnection, type RedisReply } from '../driver.js';

/** A timer this late tells of a busy process. */
const LATE_MS = 50;
/** How much longer a reply may take then. */
const EXCUSE_MS = 1000;

/** What commands are sent on: a link, or one of several leases of it. */
export interface Sender {
  /**
   * Sends one command; `waitMs` is how long the server itself may take its time, as in a blocking read. Rejects with
   * `RedisReplyError` or `ConnectionLostError`, as a `RedisConnection` does.
   */
  send(args: readonly (string | Uint8Array)[], waitMs?: number): Promise<RedisReply>;
}

/**
 * A connection on which every command has a deadline, which is what notices a half-open link: packets vanish, the
 * socket stays open. Replies come in the order of commands, so one timer watches the oldest one; when that is
 * overdue, the connection ends and everything pending rejects with `ConnectionLostError`.
 */
export class Link implements Sender {
  readonly #connection: RedisConnection;
  readonly #timeoutMs: number;
  /** When each pending command is overdue, oldest first. */
  readonly #deadlines: number[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires; infinite without one. */
  #watchedUntil = Number.POSITIVE_INFINITY;
  #isClosed = false;
  #isOverdue = false;
  #answered = 0;
  /** How many had been answered when the present command was last excused. */
  #excused = -1;

  constructor(connection: RedisConnection, timeoutMs: number) {
    this.#connection = connection;
    this.#timeoutMs = timeoutMs;
  }

  /** Whether the link has ended, by `close` or by itself, be it while nothing was pending. */
  get isClosed(): boolean {
    return this.#isClosed || !this.#connection.isOpen;
  }

  async send(args: readonly (string | Uint8Array)[], waitMs = 0): Promise<RedisReply> {
    if (this.isClosed) throw new ConnectionLostError('the connection has ended', false);
    const due = performance.now() + this.#timeoutMs + waitMs;
    this.#deadlines.push(Math.max(due, this.#deadlines.at(-1) ?? 0));
    if (this.#deadlines.length === 1 && due < this.#watchedUntil) this.#watch(due);
    try {
      return await this.#connection.send(args);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      this.close();
      throw this.#isOverdue ? new ConnectionLostError(`no answer within ${this.#timeoutMs + waitMs} ms`) : error;
    } finally {
      this.#deadlines.shift();
      this.#answered += 1;
    }
  }

  /** Ends the connection at once; what is pending rejects. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#connection.close();
  }

  #watch(due: number): void {
    clearTimeout(this.#timer);
    this.#watchedUntil = due;
    this.#timer = setTimeout(() => this.#check(), Math.max(1, due - performance.now())).unref();
  }

  /**
   * A timer that fires late because this process was busy must not end a link whose replies wait to be read: they get
   * a moment more, once for each command, and in any case a look at the socket.
   */
  #check(): void {
    this.#watchedUntil = Number.POSITIVE_INFINITY;
    const oldest = this.#deadlines[0];
    if (this.#isClosed || oldest === undefined) return;
    const lateMs = performance.now() - oldest;
    if (lateMs < 0) {
      this.#watch(oldest);
    } else if (lateMs > LATE_MS && this.#excused !== this.#answered) {
      this.#excused = this.#answered;
      this.#watch(performance.now() + Math.min(EXCUSE_MS, this.#timeoutMs));
    } else {
      this.#closeUnlessAnswered();
    }
  }

  #closeUnlessAnswered(): void {
    const answered = this.#answered;
    setImmediate(() => {
      if (this.#isClosed) return;
      this.#isOverdue = this.#answered === answered;
      if (this.#isOverdue) this.close();
      else if (this.#deadlines.length > 0) this.#watch(this.#deadlines[0]!);
    });
  }
}
