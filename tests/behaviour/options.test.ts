import { type ArsError, isArsError, Persistable, StreamConsumer, StreamProducer } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { describe, expect, test } from 'vitest';

const store = createMemoryStore();
const right = { store, stream: 'in', consumerId: 'c', handler: (): void => {} };

class Counter extends Persistable.with({ count: 0 }) {
  readonly uniqueId = 'counter';
  handle(): void {}
}

class WithoutId extends Persistable.with({ count: 0 }) {
  readonly uniqueId = '';
  handle(): void {}
}

class Method extends Persistable.with({ count: 0, kept: 1 }) {
  readonly uniqueId = 'method';
  handle(): void {}
}
Object.defineProperty(Method.prototype, 'count', { value: () => 0 }); // what a method of that name does

class Field extends Persistable.with({ count: 0 }) {
  readonly uniqueId = 'field';
  constructor() {
    super();
    Object.defineProperty(this, 'count', { value: 5 }); // what a class field of that name does
  }
  handle(): void {}
}

const none = (names: string): [string, unknown][] => names.split(' ').map((name) => [name, undefined]);
const all = (name: string, ...values: unknown[]): [string, unknown][] => values.map((value) => [name, value]);

const WRONG: [option: string, value: unknown][] = [
  ...none('store stream consumerId handler'),
  ...all('store', null, 'redis://localhost', {}, { append: () => {} }, createMemoryStore),
  ...all('source', null, 'redis://localhost', {}),
  ...all('stream', '', 7, null, [], [''], ['a', 'a'], ['a', 5], {}, 'a\ud800'),
  ...all('consumerId', '', 7, null, 'a\ud800'),
  ...all('handler', null, 'text', {}, { handle: 1 }, class {}, Counter),
  ...all('state', null, 5, 'text', [], () => null, () => [], { count: undefined }),
  ...all('stateVersion', -1, 1.5, '1', null, Number.NaN),
  ...all('serializer', null, {}, JSON, { name: '', serialize: () => '', deserialize: () => 0 }, { serialize: () => '', deserialize: () => 0 }),
  ...all('migrate', null, 'text', {}),
  ...all('previousSerializers', null, {}, [null], [JSON]),
  ...all('startFrom', '', 'now', '5-', '-5', '1-2-3', '01-1', '18446744073709551616-0', 5, null, new Date(Number.NaN), new Date(-1)),
  ...all('batch', null, 5, [], 'text'),
  ...all('batch.maxMessages', 0, -1, 1.5, '5', null, Infinity, Number.NaN),
  ...all('batch.maxBytes', 0, -1, 1.5, '5', null),
  ...all('retry', null, 5, []),
  ...all('retry.attempts', 0, -1, 1.5, '5', null, Number.NaN),
  ...all('retry.minDelayMs', -1, 0.5, '5', null),
  ...all('retry.maxDelayMs', -1, '5', null),
  ...all('leaseMs', 0, -1, 99, 1.5, '5', null),
  ...all('stopTimeoutMs', 0, -1, 1.5, '5', null, Infinity),
  ...all('home', '', 5, null),
  ...all('signal', null, {}, new AbortController()),
  ...all('logger', null, {}, { warn: () => {} }),
  ...all('environment', null, {}, { now: () => 0 }),
  ...all('nonsense', 1, undefined),
  ...all('batch.size', 1),
  ...all('retry.times', 1),
]; // prettier-ignore

function build(option: string, value: unknown): unknown {
  const [outer, inner] = option.split('.') as [string, string?];
  const options = { ...right, state: { count: 0 }, [outer]: inner === undefined ? value : { [inner]: value } };
  return new StreamConsumer(options as unknown as typeof right);
}

function failure(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('it was accepted');
}

describe('options of StreamConsumer', () => {
  test.each(WRONG)('a wrong %s is refused and named: %o', (option, value) => {
    const error = failure(() => build(option, value)) as Error;
    expect(isArsError(error, 'ARS_CONFIGURATION'), String(error)).toBe(true);
    const last = option.split('.').at(-1)!;
    expect(error.message).toMatch(
      option === 'state' && typeof value === 'object' && value !== null && 'count' in value ? 'count' : last,
    );
  });

  test.each<[string, unknown]>([
    ...all('stream', ['in'], 'a}b', '{}', '{}orders', '👍'),
    ...all('consumerId', 'a:b', '{x}', '👍', '%'),
    ...all('state', {}, () => ({ count: 0 }), { count: null }),
    ...all(
      'startFrom',
      'beginning',
      'end',
      '5',
      '5-0',
      '0-0',
      new Date(0),
      '18446744073709551615-18446744073709551615',
    ),
    ...all('batch', {}, { maxMessages: 1, maxBytes: 1 }, { maxMessages: undefined }),
    ...all(
      'retry',
      {},
      { attempts: Infinity },
      { attempts: 1, minDelayMs: 0, maxDelayMs: 0 },
      { minDelayMs: 60_000 },
      { maxDelayMs: 50 },
    ),
    ...all('leaseMs', 100, Number.MAX_SAFE_INTEGER),
    ...all('stopTimeoutMs', 1),
    ...all('logger', console),
    ...all(
      'handler',
      { handle: () => {} },
      async () => {},
      function named() {},
    ),
  ])('%s may be %o', (option, value) => {
    expect(build(option, value)).toBeInstanceOf(StreamConsumer);
  });

  test.each<[string, unknown]>(all('options', undefined, null, 5, 'text', []))('%s may not be %o', (_, options) => {
    expect(failure(() => new StreamConsumer(options as typeof right))).toMatchObject({ code: 'ARS_CONFIGURATION' });
  });

  test('every option that is refused says which it is in details.option', () => {
    for (const [option, value] of WRONG.filter(([name]) => name !== 'state')) {
      const error = failure(() => build(option, value)) as ArsError;
      expect(error.details['option'], `${option}: ${error.message}`).toMatch(option.split('.')[0]!);
    }
  });

  test('streams of different tags need a home', () => {
    expect(failure(() => build('stream', ['a', 'b']))).toMatchObject({ details: { option: 'home' } });
    expect(new StreamConsumer({ ...right, stream: ['a', 'b'], home: 'x' })).toBeInstanceOf(StreamConsumer);
    expect(new StreamConsumer({ ...right, stream: ['{t}a', '{t}b'] })).toBeInstanceOf(StreamConsumer);
  });

  test.each<[string, () => object, RegExp]>([
    ['state beside a Persistable', () => ({ handler: new Counter() as object, state: { count: 1 } }), /state/],
    ['an empty uniqueId', () => ({ handler: new WithoutId() as object }), /uniqueId/],
    ['a class field that hides an attribute', () => ({ handler: new Field() as object }), /count/],
    ['a method that hides an attribute', () => ({ handler: new Method() as object }), /count/],
  ])('%s is refused', (_, options, text) => {
    const error = failure(() => new StreamConsumer({ ...right, ...options() } as unknown as typeof right));
    expect(error).toMatchObject({ code: 'ARS_CONFIGURATION', message: expect.stringMatching(text) as string });
  });
});

describe('options of StreamProducer', () => {
  test.each([undefined, null, {}, { store: null }, { store: {} }, { store, extra: 1 }, { store: 'redis://localhost' }])(
    'a wrong one is refused: %o',
    (options) => {
      expect(failure(() => new StreamProducer(options as { store: typeof store }))).toMatchObject({
        code: 'ARS_CONFIGURATION',
      });
    },
  );
});

describe('Persistable.with', () => {
  test.each<[string, unknown]>([
    ['a reserved name', { uniqueId: 'x' }],
    ['handle', { handle: 1 }],
    ['constructor', { constructor: 1 }],
    ['a name of every object', { toString: 1 }],
    ['no object', 5],
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
  ])('%s is refused', (_, attributes) => {
    expect(failure(() => Persistable.with(attributes as object))).toMatchObject({ code: 'ARS_CONFIGURATION' });
  });

  test('an attribute cannot be declared twice along the line', () => {
    class Base extends Persistable.with({ count: 0 }) {
      readonly uniqueId = 'base';
      handle(): void {}
    }
    expect(failure(() => Base.with({ count: 1 }))).toMatchObject({ code: 'ARS_CONFIGURATION' });
    expect(() => Base.with({ other: 1 })).not.toThrow();
  });
});
