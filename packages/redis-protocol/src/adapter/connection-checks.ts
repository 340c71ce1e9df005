import { ConfigurationError } from '@ars/core';

/** The error for a wrong option of what a store is made from, such as "must be text". */
export function wrongOption(option: string, what: string): ConfigurationError {
  return new ConfigurationError(`option '${option}' of the connection ${what}`, { option });
}

/** Throws `ConfigurationError` unless `value` can be the number of a database; `option` is its name in the client library. */
export function checkDatabase(option: string, value: unknown): void {
  if (value === undefined || value === null || (Number.isInteger(value) && (value as number) >= 0)) return;
  throw wrongOption(option, 'must be a whole number from 0 on');
}

/** The key prefix as text, empty for none. Throws `ConfigurationError` for anything else. */
export function keyPrefixOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value;
  throw wrongOption('keyPrefix', 'must be text');
}
