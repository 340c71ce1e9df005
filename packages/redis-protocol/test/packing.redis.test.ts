import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Packer } from '../src/packing/pack.js';
import { Unpacker } from '../src/packing/unpack.js';
import { Scene } from './support/fixture.js';

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open(inject('redisUrl'));
});
afterAll(() => scene.close());

test('the server reads what is packed here, and packs it the same way', async () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.string({ unit: 'grapheme', maxLength: 80 }).map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { minLength: 1, maxLength: 40 }), async (values) => {
      const packed = new Packer(1).array(values.length).values(values).finish();
      expect(await scene.raw('EVAL', '#!lua\nreturn cmsgpack.unpack(ARGV[1])', '0', packed)).toEqual(
        values.map((value) => Buffer.from(value)),
      );
      const echo = (await scene.raw(
        'EVAL',
        '#!lua\nreturn cmsgpack.pack(cmsgpack.unpack(ARGV[1]))',
        '0',
        packed,
      )) as Buffer;
      expect(echo.equals(packed)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('numbers and empty tables of the server are read', async () => {
  const numbers = [
    0, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, 9_007_199_254_740_991, -1, -32, -33, -129,
    -40_000, -3e9,
  ];
  const script =
    '#!lua\nlocal out = {} for i, n in ipairs(ARGV) do out[i] = tonumber(n) end return cmsgpack.pack({out, {}})';
  const unpacker = new Unpacker((await scene.raw('EVAL', script, '0', ...numbers.map(String))) as Buffer);
  expect(unpacker.array()).toBe(2);
  expect(unpacker.array()).toBe(numbers.length);
  expect(numbers.map(() => unpacker.number())).toEqual(numbers);
  expect(unpacker.array()).toBe(0);
});
