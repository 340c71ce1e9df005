import fc from 'fast-check';
import { expect, test } from 'vitest';
import { msgpackSerializer } from '../../../msgpack/src/index.js';
import { isArsError } from '../../src/domain/errors.js';
import type { StoredValue } from '../../src/domain/fields.js';
import type { KeyedFormat } from '../../src/state/keyed-format.js';
import type { Serializer } from '../../src/state/serializer.js';
import { strictJson } from '../../src/state/strict-json.js';
import { TrackedState } from '../../src/state/tracked-state.js';
import { asStored, createFormat, invertedJson } from './keyed-fixtures.js';

const defaults = () => ({ balance: 0, owner: '', list: [] as unknown[], more: {} });
const held = { balance: 42, owner: 'hunter2 é', list: [1, { a: [null, true] }], more: { constructor: 1, x: 'y' } };

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly put: Uint8Array;
}

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 4 }),
  fc.constantFrom(',', '%', '{', '}', '[', '"', '__proto__', '1e999', 'null', '0').map((text) => Buffer.from(text)),
);
const edit: fc.Arbitrary<Edit> = fc.record({ at: fc.nat(120), cut: fc.oneof(fc.nat(3), fc.nat(120)), put: piece });

function edited(stored: StoredValue, edits: readonly Edit[]): StoredValue {
  let bytes = Buffer.from(stored as string);
  for (const { at, cut, put } of edits) {
    const start = at % (bytes.length + 1);
    bytes = Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + cut)]);
  }
  return asStored(bytes);
}

/** Whatever is stored is refused by an error of ours that tells no state, or is a state. */
function expectSound(format: KeyedFormat, stored: StoredValue): void {
  let decoded;
  try {
    decoded = format.decode('k', stored);
  } catch (error) {
    expect(isArsError(error, 'ARS_SERIALIZATION') || isArsError(error, 'ARS_STATE_SCHEMA')).toBe(true);
    expect((error as Error).message).not.toContain('hunter2');
    return;
  }
  const state = new TrackedState({ defaults, undefinedProperties: 'deleted' }, decoded.values);
  const again = state.asOf(0, (attributes) => format.encode('k', attributes, decoded.expiresAt));
  expect(format.decode('k', again).expiresAt).toBe(decoded.expiresAt);
  expect(({} as Record<string, unknown>)['x']).toBeUndefined();
}

for (const serializer of [strictJson, invertedJson, msgpackSerializer] satisfies Serializer[]) {
  const format = createFormat(defaults, { serializer, version: 1, migrate: (stored) => stored });
  const stored = format.encode('k', held, 1_700_000_000_000);

  test(`a damaged value of serializer ${serializer.name} is refused, or is a state`, () => {
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        expectSound(format, edited(stored, edits));
      }),
      { numRuns: 2_000 },
    );
  });

  test(`a value of serializer ${serializer.name} that was cut off anywhere is refused`, () => {
    const { length } = Buffer.from(stored as string);
    for (let end = 0; end < length; end++) {
      const cut = asStored(Buffer.from(stored as string).subarray(0, end));
      expect(() => format.decode('k', cut), `cut at ${end}`).toThrow(
        expect.objectContaining({ code: 'ARS_SERIALIZATION' }),
      );
    }
  });
}

test('any bytes are refused, or are a state', () => {
  const format = createFormat(defaults);
  const header = fc.constantFrom('', '0,,json,', '0,1,json,', ',,json,', '0,,,', '0,,json', '00,,json,', '0,01,json,');
  fc.assert(
    fc.property(header, fc.uint8Array({ maxLength: 40 }), (start, rest) => {
      expectSound(format, asStored(Buffer.concat([Buffer.from(start), rest])));
    }),
  );
});

test('a header that is not as it is written is refused', () => {
  const format = createFormat(defaults);
  const starts = [
    '',
    ',,,',
    '-1,,json,',
    '1.5,,json,',
    '1e3,,json,',
    '00,,json,',
    '9007199254740992,,json,',
    '0x1,,json,',
  ];
  const more = [
    '0,-1,json,',
    '0,01,json,',
    '0,9007199254740992,json,',
    '0, ,json,',
    '0,,%6Ason,',
    '0,,%,',
    '0,,,',
    ' 0,,json,',
  ];
  for (const start of [...starts, ...more]) {
    expect(() => format.decode('k', `${start}{}`), start).toThrow(
      expect.objectContaining({ code: 'ARS_SERIALIZATION' }),
    );
    expect(() => format.decode('k', Buffer.from(`${start}{}`)), start).toThrow(
      expect.objectContaining({ code: 'ARS_SERIALIZATION' }),
    );
  }
});

test('what is no object of attributes is refused, also when it is nested very deeply', () => {
  const format = createFormat(defaults);
  const deep = '[';
  for (const payload of [
    'null',
    '1',
    '"x"',
    '[]',
    '[{}]',
    '',
    deep.repeat(100_000),
    `${deep.repeat(5_000)}${']'.repeat(5_000)}`,
  ])
    expect(() => format.decode('k', `0,,json,${payload}`)).toThrow(
      expect.objectContaining({ code: 'ARS_SERIALIZATION' }),
    );
  const nested = `{"list":${deep.repeat(5_000)}${']'.repeat(5_000)}}`;
  expect(() => format.decode('k', `0,,json,${nested}`)).toThrow(expect.objectContaining({ code: 'ARS_SERIALIZATION' }));
});

test('a reader that gives what state cannot hold is refused', () => {
  for (const value of [{ list: new WeakMap() }, { more: { f: () => 1 } }, { balance: undefined }, new Map(), /x/]) {
    const serializer = { ...strictJson, name: 'odd', deserialize: () => value };
    const format = createFormat(defaults, { serializer });
    expect(() => format.decode('k', '0,,odd,x')).toThrow(expect.objectContaining({ code: 'ARS_SERIALIZATION' }));
  }
});
