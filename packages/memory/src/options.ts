import { ConfigurationError, systemEnvironment } from '@ars/core';
import type { After } from './reading/stream-news.js';
import type { WindowBounds } from './streams/idempotency-window.js';

/** Options of `createMemoryStore`; all of them may be left out. */
export interface MemoryStoreOptions {
  /** Names the store in messages. Default `'memory'`. */
  readonly name?: string;
  /** The server's clock in milliseconds, for entry IDs, `quietMs` and idempotency windows. Default `Date.now`. */
  readonly now?: () => number;
  /**
   * The timer of reads that wait: calls back once after so many milliseconds, and its result cancels that. For tests
   * that move the clock. Default `setTimeout`, which keeps the process alive while a read waits.
   */
  readonly after?: (delayMs: number, callback: () => void) => () => void;
  /** How long a stream remembers an idempotency key, in milliseconds of `now`. Default 86,400,000: a day. */
  readonly idempotencyWindowMs?: number;
  /** How many idempotency keys a stream remembers at most; over that, appending with a new one is refused. Default 1,000,000. */
  readonly idempotencyKeysMax?: number;
}

/** Options with their defaults filled in. */
export interface MemorySettings {
  readonly name: string;
  readonly now: () => number;
  readonly after: After;
  readonly idempotency: WindowBounds;
}

type OptionName = keyof MemoryStoreOptions;

const EXPECTED: Record<OptionName, [what: string, isRight: (value: unknown) => boolean]> = {
  name: ['a text that is not empty', (value) => typeof value === 'string' && value !== ''],
  now: ['a function', isFunction],
  after: ['a function', isFunction],
  idempotencyWindowMs: ['a positive number', (value) => typeof value === 'number' && value > 0],
  idempotencyKeysMax: ['a positive integer', (value) => Number.isSafeInteger(value) && Number(value) > 0],
};

/**
 * Fills in the defaults.
 * @throws ConfigurationError for an option that does not exist or is not what it should be; it names the option
 */
export function memorySettings(options: MemoryStoreOptions): MemorySettings {
  for (const [option, value] of Object.entries(options)) checkOption(option, value);
  return {
    name: options.name ?? 'memory',
    now: options.now ?? (() => Date.now()),
    after: options.after ?? ((delayMs, callback) => systemEnvironment.after(delayMs, callback)),
    idempotency: {
      windowMs: options.idempotencyWindowMs ?? 86_400_000,
      keysMax: options.idempotencyKeysMax ?? 1_000_000,
    },
  };
}

function checkOption(option: string, value: unknown): void {
  if (!Object.hasOwn(EXPECTED, option)) {
    const known = Object.keys(EXPECTED).join(', ');
    throw new ConfigurationError(`createMemoryStore has no option "${option}"; it has ${known}`, { option });
  }
  const [what, isRight] = EXPECTED[option as OptionName];
  if (value !== undefined && !isRight(value)) {
    throw new ConfigurationError(`Option "${option}" of createMemoryStore must be ${what}`, { option });
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function';
}
