import { describe, expect, test } from 'vitest';
import type { AdapterUnderTest } from './under-test.js';

/** A kind of wrong connection, an example, and what the message must mention. */
export type WrongInput = readonly [kind: string, connection: unknown, named: string];

/** Input that an adapter must refuse at once, whatever its library; the password in every example is `s3cret`. */
const WRONG_EVERYWHERE: readonly WrongInput[] = [
  ['a URL of another protocol', 'http://localhost', 'redis://'],
  ['a URL without a protocol', 'localhost:6379', 'redis://'],
  ['credentials that are not well-formed', 'redis://user:s3cret%zz@localhost', 'well-formed'],
  ['nothing', undefined, 'connection'],
  ['a number', 6379, 'connection'],
  ['a list of nodes', [{ host: 'a' }], 'luster'],
];

/** Wrong connections and options throw `ConfigurationError` before anything is connected. */
export function describeWrongInput(adapter: AdapterUnderTest, wrong: readonly WrongInput[]): void {
  describe('wrong input is a configuration error', () => {
    test.each([...WRONG_EVERYWHERE, ...wrong])('%s', (_, connection, named) => {
      const { code, message } = refusal(adapter, connection);
      expect(code).toBe('ARS_CONFIGURATION');
      expect(message).toContain(named);
      expect(message).not.toContain('s3cret');
    });

    test.each([
      ['of the store that do not exist', { conectTimeoutMs: 5 }, 'conectTimeoutMs'],
      ['of the store that are none', null, 'options'],
    ])('options %s', (_, options, named) => {
      const { code, message } = refusal(adapter, 'redis://localhost', options);
      expect(code).toBe('ARS_CONFIGURATION');
      expect(message).toContain(named);
    });
  });
}

function refusal(
  { store }: AdapterUnderTest,
  connection: unknown,
  options?: object | null,
): { code: string; message: string } {
  try {
    store(connection, options as object);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return expect.fail('was accepted');
}

/** What a store is called, and the connection it is made of. */
export type NamedInput = readonly [name: string, connection: unknown];

const NAMES_EVERYWHERE: readonly NamedInput[] = [
  ['redis://example.test:7000/2', 'redis://user:s3cret@example.test:7000/2'],
  ['redis://example.test:6379/0', 'redis://example.test'],
  ['rediss://[::1]:7000/0', 'rediss://:s3cret@[::1]:7000'],
];

/** Stores are named by their addresses, without credentials, unless they are given a name. */
export function describeNames(adapter: AdapterUnderTest, names: readonly NamedInput[]): void {
  describe('a store is named by its address without credentials', () => {
    test.each([...NAMES_EVERYWHERE, ...names])('%s', (name, connection) => {
      expect(adapter.store(connection).name).toBe(name);
    });

    test('or as it is told', () => {
      expect(adapter.store('redis://localhost', { name: 'orders' }).name).toBe('orders');
    });
  });
}
