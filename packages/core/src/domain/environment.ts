import { randomBytes } from 'node:crypto';

/** Time and chance, the only way that core gets them, so that a seed replays a run. */
export interface Environment {
  /** Milliseconds of a clock that never steps back; only differences mean something. */
  now(): number;
  /** Milliseconds since 1970 of the wall clock, for people to read; nothing is decided by it. */
  wallClock(): number;
  /** Calls back once after the given milliseconds; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back once timers and I/O that wait have had their turn, and what was sent before the call has gone out. */
  soon(callback: () => void): void;
  /** A number in [0, 1), for jitter only. */
  random(): number;
  /** 128 random bits as 32 hexadecimal digits, unguessable and never repeated. */
  uniqueToken(): string;
}

const TOKEN_BYTES = 16;

/** Random bytes that were drawn together: a call for each token costs more than the rest of a small commit's preparation. */
let pool = Buffer.alloc(0);

function nextToken(): string {
  if (pool.length < TOKEN_BYTES) pool = randomBytes(64 * TOKEN_BYTES);
  const token = pool.toString('hex', 0, TOKEN_BYTES);
  pool = pool.subarray(TOKEN_BYTES);
  return token;
}

/** The longest delay that timers take: 25 days. They fire at once when given more. */
const TIMER_MS_MAX = 2_147_483_647;

/** The real clock, timers and randomness of this process. */
export const systemEnvironment: Environment = {
  now: () => performance.now(),
  wallClock: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, TIMER_MS_MAX));
    return () => clearTimeout(timer);
  },
  // A client gets a command some promises later, and may write it at its next turn: that is to come before this one.
  soon: (callback) => {
    process.nextTick(setImmediate, callback);
  },
  random: () => Math.random(),
  uniqueToken: nextToken,
};
