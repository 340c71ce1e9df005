import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { testSerializer } from '../../core/test/state/serializers/serializer-suite.js';
import { msgpackSerializer as serializer } from '../src/index.js';

testSerializer(serializer, createMemoryStore);

test('its name and its way with undefined are what the stored state is marked with', () => {
  expect([serializer.name, serializer.undefinedProperties]).toEqual(['msgpack', 'kept']);
});
