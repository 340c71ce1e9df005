import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { fieldsCodec } from '../../src/transaction/codec.js';
import type { SchemaResult, StandardSchema } from '../../src/transaction/standard-schema.js';
import { defineStream, isDefinition, streamName } from '../../src/transaction/stream-definition.js';

const schemaOf = (
  validate: (value: unknown) => SchemaResult<unknown> | Promise<SchemaResult<unknown>>,
): StandardSchema => ({
  '~standard': { version: 1, vendor: 'test', validate },
});
const any = schemaOf((value) => ({ value }));
const refusal = (option: string) => expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option } });
const define = defineStream as (...given: unknown[]) => unknown;

describe('wrong arguments are refused with the option named', () => {
  test.each(['', 5, null, undefined, '\ud800', {}])('name: %o', (name) => {
    expect(() => define(name, { schema: any })).toThrow(refusal('name'));
  });

  test.each([[undefined], [null], [{}], [{ schema: undefined }]])('neither schema nor codec: %o', (options) => {
    expect(() => define('orders', options)).toThrow(refusal('schema'));
  });

  test.each([null, 5, 'orders', {}, { '~standard': null }, { '~standard': {} }, (): void => {}])(
    'schema: %o',
    (schema) => {
      expect(() => define('orders', { schema })).toThrow(refusal('schema'));
    },
  );

  test.each([null, 5, 'json', {}, { encode: () => 0 }, { decode: () => 0 }])('codec: %o', (codec) => {
    expect(() => define('orders', { codec })).toThrow(refusal('codec'));
    expect(() => define('orders', { schema: any, codec })).toThrow(refusal('codec'));
  });

  test('an option of another name', () => {
    expect(() => define('orders', { schema: any, serializer: {} })).toThrow(refusal('serializer'));
  });

  test('a schema given without its option', () => {
    expect(() => define('orders', any)).toThrow(refusal('schema'));
    expect(() =>
      define(
        'orders',
        Object.assign((): void => {}, any),
      ),
    ).toThrow(refusal('schema'));
  });
});

test('a schema may be a function, as those of arktype are', () => {
  const schema = Object.assign((): void => {}, any);
  expect(defineStream('orders', { schema }).decode(['json', '1'])).toBe(1);
});

test('the schema is applied where a message is read, and only asked where one is published', () => {
  const doubling = schemaOf((value) => ({ value: (value as number) * 2 }));
  const numbers = defineStream<unknown, unknown>('numbers', { schema: doubling });
  expect(numbers.encode(4).fields).toEqual(['json', '4']);
  expect(numbers.decode(['json', '4'])).toBe(8);
});

test.each([
  [[], 'its root'],
  [undefined, 'its root'],
  [['a', 0, 'b'], 'a.0.b'],
  [[{ key: 'a' }, { key: 1 }], 'a.1'],
  [[Symbol('s')], 'Symbol(s)'],
  [['x'.repeat(5_000)], 'x'.repeat(200)],
])('an issue at %o is named', (path, name) => {
  const schema = schemaOf(() => ({
    issues: [
      { message: 'secret', path: path! },
      { message: 'secret again', path: path! },
    ],
  }));
  expect(() => defineStream('orders', { schema }).decode(['json', '1'])).toThrow(
    expect.objectContaining({
      message: `A message of stream "orders" is invalid at ${name}.`,
      details: { stream: 'orders', paths: [name] },
    }),
  );
});

test('at most ten places are named, and the others counted', () => {
  const schema = schemaOf(() => ({
    issues: Array.from({ length: 12 }, (_, index) => ({ message: '', path: [index] })),
  }));
  expect(() => defineStream('orders', { schema }).decode(['json', '1'])).toThrow(/at 0, 1, .*, 9 and 2 more places\.$/);
});

test('a promise of a result is refused, whatever it comes to, and leaves no unhandled rejection', () => {
  const rejecting = schemaOf(() => Promise.reject(new Error('later')));
  // As a promise of another realm is.
  const thenable = schemaOf(() => vm.runInNewContext('Promise.reject(new Error("later"))') as Promise<never>);
  for (const schema of [rejecting, thenable]) {
    const refused = expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { stream: 'orders' } });
    expect(() => defineStream('orders', { schema }).decode(['json', '1'])).toThrow(refused);
    expect(() => defineStream<unknown, unknown>('orders', { schema }).encode(1)).toThrow(refused);
  }
});

test('what a schema throws is the cause of an invalid message', () => {
  const bug = new TypeError('bug');
  const schema = schemaOf(() => {
    throw bug;
  });
  expect(() => defineStream('orders', { schema }).decode(['json', '1'])).toThrow(
    expect.objectContaining({ code: 'ARS_MESSAGE_VALIDATION', cause: bug }),
  );
});

test('a definition is recognised by its shape, so one of another copy of the library is one', () => {
  const definition = defineStream('orders', { codec: fieldsCodec });
  expect(isDefinition({ ...definition })).toBe(true);
  expect(streamName({ ...definition })).toBe('orders');
  for (const other of [
    null,
    'orders',
    {},
    { name: 'orders' },
    { ...definition, encode: 1 },
    { ...definition, name: 1 },
  ]) {
    expect(isDefinition(other)).toBe(false);
  }
});
