import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { testSerializer } from '../../core/test/state/serializers/serializer-suite.js';
import { superjsonSerializer as serializer } from '../src/index.js';

testSerializer(serializer, createMemoryStore);

test('its name and its way with undefined are what the stored state is marked with', () => {
  expect([serializer.name, serializer.undefinedProperties]).toEqual(['superjson', 'kept']);
});

test.each<[string, unknown]>([
  ['bytes', { a: Uint8Array.of(1) }],
  ['a bigint of two million digits', { a: 16n ** 1_700_000n }],
])('superjson does not hold %s', (_, value) => {
  expect(() => serializer.serialize(value)).toThrow(
    expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path: 'a' } }),
  );
});
