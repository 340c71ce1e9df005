import { describe, expect, test } from 'vitest';
import { msgpackSerializer } from '../../../msgpack/src/index.js';
import type { KeyedFormatOptions } from '../../src/state/keyed-format.js';
import { isArsError } from '../../src/domain/errors.js';
import type { Serializer } from '../../src/state/serializer.js';
import { strictJson } from '../../src/state/strict-json.js';
import { createFormat, invertedJson } from './keyed-fixtures.js';

type Options = Partial<Omit<KeyedFormatOptions, 'template'>>;
type Migrate = NonNullable<KeyedFormatOptions['migrate']>;

const decode = (stored: string | Uint8Array, options: Options = {}, defaults: object = { balance: 0 }) =>
  createFormat(() => structuredClone(defaults) as Record<string, unknown>, options).decode('alice', stored);

function refusal(code: 'ARS_STATE_SCHEMA' | 'ARS_SERIALIZATION', act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!isArsError(error, code)) throw error;
    expect(error.details['key']).toBe('alice');
    expect(error.message).toContain('"alice"');
    return error.message;
  }
  throw new Error('nothing was refused');
}

describe('a stored state that does not fit is refused, saying what to do:', () => {
  test('one of a newer version', () => {
    const text = refusal('ARS_STATE_SCHEMA', () => decode('3,,other,{}', { version: 2 }));
    expect(text).toMatch(/version 3, which is newer than this code's stateVersion 2: run the newer code/);
  });

  test('one of a lower version without migrate', () => {
    expect(refusal('ARS_STATE_SCHEMA', () => decode('1,,json,{}', { version: 2 }))).toMatch(
      /version 1.* 2: give migrate/,
    );
  });

  test('one of a serializer that is not listed', () => {
    const text = refusal('ARS_STATE_SCHEMA', () => decode('0,,cbor,{}'));
    expect(text).toMatch(/serializer "cbor", but "json" is set.*previousSerializers/);
  });

  test('one whose serializer has no name that is surely one, which may be a part of the state', () => {
    expect(refusal('ARS_STATE_SCHEMA', () => decode('0,,{"pin":"hunter2",'))).not.toContain('hunter2');
  });

  test('one with an attribute that is not declared', () => {
    const text = refusal('ARS_STATE_SCHEMA', () => decode('0,,json,{"balance":1,"limit":2}'));
    expect(text).toMatch(/"limit" is stored.*not declared any more.*raise stateVersion and give migrate/);
    expect(refusal('ARS_STATE_SCHEMA', () => decode('0,,json,{"__proto__":2}'))).toContain('"__proto__"');
  });

  test('one with an attribute of another kind', () => {
    const text = refusal('ARS_STATE_SCHEMA', () => decode('0,,json,{"list":{"0":1}}', {}, { list: [] }));
    expect(text).toMatch(/"list".*declared as an array, but the value is a plain object/);
  });
});

describe('a stored state fits', () => {
  test('without the attributes that were declared since, which take their defaults', () => {
    expect(decode('0,,json,{}')).toEqual({ values: new Map(), expiresAt: undefined });
  });

  test('with null for anything, and with another primitive for a primitive', () => {
    expect(decode('0,,json,{"balance":"1","list":null}', {}, { balance: 0, list: [] }).values.size).toBe(2);
  });

  test('when a previous serializer wrote it, and then is outdated', () => {
    const stored = createFormat(() => ({ balance: 0 }), { serializer: invertedJson }).encode(
      'alice',
      { balance: 8 },
      9,
    );
    expect(decode(stored, { previousSerializers: [invertedJson] })).toEqual({
      values: new Map([['balance', 8]]),
      expiresAt: 9,
    });
  });
});

describe('migrate', () => {
  const migrated = (migrate: Migrate, serializer: Serializer = strictJson, defaults: object = { balance: 0 }) =>
    decode('1,7,json,{"amount":5}', { version: 2, migrate, serializer, previousSerializers: [strictJson] }, defaults);

  test('turns the attributes of a lower version into those of this one', () => {
    const calls: unknown[] = [];
    const result = migrated((stored, from) => {
      calls.push([{ ...stored }, from]);
      return { balance: stored['amount'] };
    });
    expect(calls).toEqual([[{ amount: 5 }, 1]]);
    expect(result).toEqual({ values: new Map([['balance', 5]]), expiresAt: 7 });
  });

  test('may change and return what it gets', () => {
    const result = migrated((stored) => {
      stored['balance'] = stored['amount'];
      delete stored['amount'];
      return stored;
    });
    expect(result.values).toEqual(new Map([['balance', 5]]));
  });

  test('gives values that nothing else holds', () => {
    const shared = { list: [1] };
    const { values } = migrated(() => shared, strictJson, { list: [] });
    (values.get('list') as number[]).push(2);
    expect(shared).toEqual({ list: [1] });
  });

  test('is refused when it throws, or gives no attributes', () => {
    const promise = Promise.reject(new Error('late'));
    const boom = () => {
      throw new RangeError('no');
    };
    for (const migrate of [boom, () => null, () => undefined, () => [], () => new Map(), () => promise, () => 1]) {
      const text = refusal('ARS_STATE_SCHEMA', () => migrated(migrate as unknown as Migrate));
      expect(text).toMatch(/from version 1 to 2.*left as it is/);
    }
    refusal('ARS_STATE_SCHEMA', () => migrated(() => ({ balance: undefined })));
    refusal('ARS_STATE_SCHEMA', () => migrated(() => ({ balance: /x/ })));
    const bytes = () => migrated(() => ({ balance: new Uint8Array(1) }), msgpackSerializer, { balance: null });
    expect(refusal('ARS_STATE_SCHEMA', bytes)).toMatch(/could not be migrated/);
  });

  test('is refused for attributes that are not declared, or of another kind', () => {
    expect(refusal('ARS_STATE_SCHEMA', () => migrated((stored) => stored))).toMatch(/"amount", which migrate gave/);
    refusal('ARS_STATE_SCHEMA', () => migrated(() => ({ balance: [] })));
  });

  test('is refused at once for what could not be stored', () => {
    for (const serializer of [strictJson, invertedJson])
      expect(refusal('ARS_STATE_SCHEMA', () => migrated(() => ({ balance: NaN }), serializer))).toMatch(
        /cannot be stored/,
      );
  });
});
