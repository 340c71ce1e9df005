import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { msgpackSerializer as serializer } from '../src/index.js';
import { isSame, values } from '../../core/test/state/serializers/values.js';

const nativeModules = (): string[] =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) => path.includes('msgpackr-extract'));

test('the native add-on of msgpackr is not loaded', () => {
  expect(isSame(serializer.deserialize(serializer.serialize('x'.repeat(200))), 'x'.repeat(200))).toBe(true);
  expect(nativeModules()).toEqual([]);
});

test('the law also holds where other code has loaded it', async () => {
  await import('msgpackr');
  fc.assert(
    fc.property(values, (value) => isSame(serializer.deserialize(serializer.serialize(value)), value)),
    { numRuns: 1_000 },
  );
});
