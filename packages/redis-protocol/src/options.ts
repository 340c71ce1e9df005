import { ConfigurationError } from '@ars/core';

/** How a Redis store behaves; every option has a default. */
export interface RedisStoreOptions {
  /** How the store is named in messages. Default the server's address without credentials. */
  readonly name?: string | undefined;
  /** How long connecting may take in all, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long an answer may take, beyond what a waiting read waits, before the connection counts as dead. Default 5,000. */
  readonly commandTimeoutMs?: number | undefined;
  /** How long an idempotency key is remembered, in milliseconds of the server's time. Default 86,400,000 (24 hours). */
  readonly idempotencyWindowMs?: number | undefined;
  /** How many idempotency keys a stream remembers at most; over that, appending with a new one is refused. Default 1,000,000. */
  readonly idempotencyKeysMax?: number | undefined;
}

/** The options with their defaults in place. */
export interface StoreSettings {
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly idempotencyWindowMs: number;
  readonly idempotencyKeysMax: number;
}

const DEFAULTS: StoreSettings = {
  connectTimeoutMs: 5000,
  commandTimeoutMs: 5000,
  idempotencyWindowMs: 86_400_000,
  idempotencyKeysMax: 1_000_000,
};

/** A day more than the longest delay that a timer of Node can have would fire at once. */
const TIMEOUT_MAX = 2_147_483_647;

/** Checks the options and fills in the defaults. Throws `ConfigurationError`, naming the option. */
export function storeSettings(options: RedisStoreOptions): StoreSettings {
  if (typeof options !== 'object' || options === null)
    throw new ConfigurationError('the options of the store must be an object');
  for (const name of Object.keys(options)) {
    if (name !== 'name' && !(name in DEFAULTS))
      throw new ConfigurationError(`unknown option '${name}'`, { option: name });
  }
  if (options.name !== undefined && (typeof options.name !== 'string' || options.name === '')) {
    throw new ConfigurationError("option 'name' must be a text that is not empty", { option: 'name' });
  }
  return {
    connectTimeoutMs: wholeNumber(options, 'connectTimeoutMs'),
    commandTimeoutMs: wholeNumber(options, 'commandTimeoutMs'),
    idempotencyWindowMs: wholeNumber(options, 'idempotencyWindowMs'),
    idempotencyKeysMax: wholeNumber(options, 'idempotencyKeysMax'),
  };
}

function wholeNumber(options: RedisStoreOptions, option: keyof StoreSettings): number {
  const value = options[option] ?? DEFAULTS[option];
  if (Number.isInteger(value) && value > 0 && value <= TIMEOUT_MAX) return value;
  throw new ConfigurationError(`option '${option}' must be a whole number from 1 to ${TIMEOUT_MAX}`, { option });
}
