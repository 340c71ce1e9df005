import { addExtension } from 'msgpackr/pack';
import { expect, test } from 'vitest';
import { msgpackSerializer as serializer } from '../src/index.js';
import { isSame } from '../../core/test/state/serializers/values.js';

const value = { when: new Date(5), set: new Set([1]), gone: undefined, big: 2n ** 80n, map: new Map([['a', -0]]) };

test('extensions that other code adds to msgpackr, for all the process, change nothing that is stored or read', () => {
  const stored = serializer.serialize(value);
  for (const [index, Class] of [Date, Set, Map, Error, RegExp].entries()) {
    addExtension({ Class, type: index + 1, pack: () => Buffer.from('hijacked'), unpack: () => 'hijacked' });
  }
  for (const type of [0, 0x42, 0x73, 0xff]) addExtension({ type, unpack: () => 'hijacked' });
  expect(serializer.serialize(value)).toEqual(stored);
  expect(isSame(serializer.deserialize(stored), value)).toBe(true);
});

test('an extension that changes how bytes are written is noticed before anything is stored', () => {
  expect(serializer.serialize([Uint8Array.of(1, 2)])).toEqual(Uint8Array.of(0x91, 0xc4, 2, 1, 2));
  addExtension({ Class: Uint8Array, type: 0x44, pack: (bytes: Uint8Array) => Buffer.from(bytes) });
  expect(() => serializer.serialize([Uint8Array.of(1, 2)])).toThrow(
    expect.objectContaining({ code: 'ARS_SERIALIZATION' }),
  );
  expect(isSame(serializer.deserialize(serializer.serialize(value)), value)).toBe(true);
});
