import { describe, expect, test } from 'vitest';
import { jsonCodec } from '../../src/transaction/codec.js';
import { defineStream, isDefinition } from '../../src/transaction/stream-definition.js';

const define = defineStream as (...given: unknown[]) => unknown;
const refusal = (option: string) => expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option } });

test('with a retention alone, messages are plain fields', () => {
  const orders = defineStream('orders', { retention: 'consumed' });
  expect(orders.encode({ id: 7, note: 'ok' }).fields).toEqual(['id', '7', 'note', 'ok']);
  expect(orders.decode(['id', '7'])).toEqual({ id: '7' });
  expect(isDefinition(orders)).toBe(true);
});

test.each(['consumed', { maxLength: 1 }, { maxAge: 86_400_000 }] as const)(
  '%o is kept in the definition',
  (retention) => {
    expect(defineStream('orders', { retention }).retention).toEqual(retention);
    expect(defineStream('orders', { codec: jsonCodec, retention }).retention).toEqual(retention);
  },
);

test('what was checked does not change afterwards', () => {
  const retention = { maxLength: 10 };
  const orders = defineStream('orders', { retention });
  retention.maxLength = 0;
  expect(orders.retention).toEqual({ maxLength: 10 });
});

test('a definition without retention has none', () => {
  expect('retention' in defineStream('orders', { codec: jsonCodec })).toBe(false);
});

describe('what is no retention is refused with the option named', () => {
  test.each([null, 5, 'all', [], {}, { maxLength: 1, maxAge: 1 }, { length: 1 }, { MAXLEN: 1 }])('%o', (retention) => {
    expect(() => define('orders', { retention })).toThrow(refusal('retention'));
    expect(() => define('orders', { codec: jsonCodec, retention })).toThrow(refusal('retention'));
  });

  test.each([0, -1, 1.5, NaN, Infinity, '1', undefined, null])('%o', (value) => {
    expect(() => define('orders', { retention: { maxLength: value } })).toThrow(refusal('retention.maxLength'));
    expect(() => define('orders', { retention: { maxAge: value } })).toThrow(refusal('retention.maxAge'));
  });
});
