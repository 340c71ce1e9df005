import fc from 'fast-check';
import { expect, test } from 'vitest';
import { superjsonSerializer as serializer } from '../src/index.js';
import { outcomeOf } from '../../core/test/state/serializers/outcome.js';
import { isUnpolluted, values } from '../../core/test/state/serializers/values.js';

const envelope = (json: unknown, values: unknown, more: object = {}): string =>
  JSON.stringify({ json, meta: { values, v: 1, ...more } });

const refused = expect.objectContaining({ code: 'ARS_SERIALIZATION' });

test.each<[string, string]>([
  ['nothing', ''],
  ['text that is no JSON', 'hunter2'],
  ['half of an envelope', '{"json":{"a":1}'],
  ['something after the envelope', '{"json":1}{"json":2}'],
  ['plain JSON', '{"a":1}'],
  ['a list', '[1]'],
  ['null', 'null'],
  ['meta alone', '{"meta":{"values":{},"v":1}}'],
  ['a member that is not known', '{"json":1,"x":2}'],
  ['meta that is null', '{"json":1,"meta":null}'],
  ['annotations of another version', '{"json":{"a":null},"meta":{"values":{"a":["undefined"]},"v":0}}'],
  ['annotations without a version', '{"json":{"a":null},"meta":{"values":{"a":["undefined"]}}}'],
  ['__proto__ of the envelope', '{"json":1,"__proto__":{"x":1}}'],
  ['__proto__ in the JSON', '{"json":{"__proto__":{"polluted":1}}}'],
  ['constructor in the JSON', '{"json":{"constructor":{"prototype":{"polluted":1}}}}'],
  ['a path to __proto__', envelope({}, { '__proto__.polluted': ['undefined'] })],
  ['a path to constructor.prototype', envelope({}, { 'constructor.prototype.polluted': ['undefined'] })],
  ['a path to a method', envelope({ a: [] }, { 'a.push': ['undefined'] })],
  ['a path to the length of an array', envelope({ a: [1] }, { 'a.length': ['undefined'] })],
  ['a path to nothing', envelope({ a: 1 }, { b: ['undefined'] })],
  ['a path into a string', envelope({ a: 'text' }, { 'a.0': ['undefined'] })],
  ['an element that is not there', envelope([1], { 5: ['undefined'] })],
  ['an element by another spelling', envelope([null], { '00': ['undefined'] })],
  ['an empty path in an array', envelope([null], { '': ['undefined'] })],
  ['a wrong escape', envelope({ a: null }, { 'a\\x': ['undefined'] })],
  ['two annotations of one place', envelope({ a: { b: null } }, { 'a.b': ['undefined'], a: ['set'] })],
  ['an annotation behind a finished Map', envelope({ a: [[null, 1]] }, { a: ['map'], 'a.0.0': ['undefined'] })],
  ['an annotation that is a string', envelope({ a: null }, { a: 'undefined' })],
  ['an empty annotation', envelope({ a: null }, { a: [] })],
  ['annotations in a leaf', envelope({ a: null }, { a: ['undefined', { b: ['undefined'] }] })],
  ['annotations that are null', envelope({ a: null }, null)],
  ['an Error', envelope({ a: { name: 'E', message: 'm' } }, { a: ['Error'] })],
  ['a RegExp', envelope({ a: '/(a+)+$/' }, { a: ['regexp'] })],
  ['a URL', envelope({ a: 'http://x' }, { a: ['URL'] })],
  ['a class', envelope({ a: {} }, { a: [['class', 'Object']] })],
  ['a symbol', envelope({ a: 'x' }, { a: [['symbol', 'x']] })],
  ['a typed array of a gigabyte', envelope({ a: 1e9 }, { a: [['typed-array', 'Uint8Array']] })],
  ['a custom type of somebody else', envelope({ a: 'x' }, { a: [['custom', 'x']] })],
  ['a type that objects inherit', envelope({ a: 'x' }, { a: ['toString'] })],
  ['a type that is __proto__', envelope({ a: 'x' }, { a: ['__proto__'] })],
  ['a bigint that is not decimal', envelope({ a: '0x10' }, { a: ['bigint'] })],
  ['a bigint of ten million digits', envelope({ a: '9'.repeat(10_000_000) }, { a: ['bigint'] })],
  ['a bigint that is a list', envelope({ a: ['1'] }, { a: ['bigint'] })],
  ['a Date in words', envelope({ a: 'yesterday' }, { a: ['Date'] })],
  ['a Date that is a number', envelope({ a: 5 }, { a: ['Date'] })],
  ['a number in words', envelope({ a: '0x10' }, { a: ['number'] })],
  ['undefined with a value', envelope({ a: 'hunter2' }, { a: ['undefined'] })],
  ['a Set of a string', envelope({ a: 'hunter2' }, { a: ['set'] })],
  ['a Map of no pairs', envelope({ a: [[1]] }, { a: ['map'] })],
  ['a Map whose pair is a Set', envelope({ a: [[1, 2]] }, { a: ['map', { 0: ['set'] }] })],
  ['a Map with an object as a key', envelope({ a: [[{}, 2]] }, { a: ['map'] })],
  ['a Set with an object in it', envelope({ a: [{}] }, { a: ['set'] })],
  [
    'an object whose name is a Date',
    envelope([['1970-01-01T00:00:00.000Z', 1]], [['custom', 'ars/entries'], { '0.0': ['Date'] }]),
  ],
  ['an object whose name is a number', envelope([[1, 1]], [['custom', 'ars/entries']])],
  ['an invalid Date with a value', envelope([1], [['custom', 'ars/invalid-date']])],
  [
    'references to one object from two places',
    envelope({ a: {}, b: null }, {}, { referentialEqualities: { a: ['b'] } }),
  ],
  [
    'references along a hostile path',
    envelope({ a: {} }, {}, { referentialEqualities: { a: ['__proto__.polluted'] } }),
  ],
  ['references to the root', envelope({ a: {} }, {}, { referentialEqualities: [['a']] })],
  ['a lone surrogate', '{"json":"\\ud800"}'],
  ['a million brackets', '['.repeat(1_000_000)],
  ['a hundred thousand levels', `{"json":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ['a path of a million segments', envelope({ a: 1 }, { ['a.'.repeat(1_000_000)]: ['set'] })],
])('%s is refused', (_, stored) => {
  expect(() => serializer.deserialize(stored)).toThrow(refused);
  expect(() => serializer.deserialize(stored)).not.toThrow('hunter2');
  expect(isUnpolluted()).toBe(true);
});

test('bytes that are not UTF-8 are refused', () => {
  expect(() => serializer.deserialize(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(refused);
});

const outcome = (stored: string | Uint8Array) => outcomeOf(serializer, stored);

const edit = fc.record({
  at: fc.nat(),
  remove: fc.nat(4),
  insert: fc.oneof(
    fc.constantFrom('', '"', '{', '[', ']', ',', '__proto__', '["set"]', '.', '\\', 'null', '-'),
    fc.string({ maxLength: 3 }),
  ),
});

function edited(stored: string, edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce((text, { at, remove, insert }) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + insert + text.slice(start + remove);
  }, stored);
}

const segment = fc.constantFrom(
  'a',
  'b',
  '0',
  '1',
  '0.0',
  '0.1',
  '1.1.0',
  '__proto__',
  'constructor.prototype',
  'length',
  'push',
  '',
  'a\\.b',
  'a.0',
  'size',
  'then',
);
const type = fc.constantFrom<unknown>(
  'undefined',
  'bigint',
  'Date',
  'Error',
  'regexp',
  'set',
  'map',
  'number',
  'URL',
  ['class', 'a'],
  ['symbol', 'a'],
  ['custom', 'ars/entries'],
  ['custom', 'ars/invalid-date'],
  ['typed-array', 'Uint8Array'],
  ['custom', '__proto__'],
  0,
  null,
  'toString',
);
const { annotations, json } = fc.letrec<{ annotations: unknown; inside: unknown; json: unknown }>((tie) => ({
  inside: fc.dictionary(segment, tie('annotations'), { maxKeys: 3 }),
  annotations: fc.oneof({ depthSize: 'small' }, fc.tuple(type), fc.tuple(type, tie('inside')), tie('inside')),
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<unknown>(null, '1', 'NaN', '-0', '/a/g', '1970-01-01T00:00:00.000Z', 1, true, 'a'),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', '__proto__', 'constructor'), tie('json')), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'a.b', '', '__proto__', 'constructor'), tie('json'), { maxKeys: 3 }),
  ),
}));

test('arbitrary text and bytes are refused, or read as state', () => {
  const stored = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.uint8Array({ maxLength: 50 }));
  fc.assert(
    fc.property(stored, (input) => void outcome(input)),
    { numRuns: 1_500 },
  );
});

test('mutilated text of real state is refused, or read as state', () => {
  const mutilated = fc.tuple(values, fc.array(edit, { minLength: 1, maxLength: 4 }));
  fc.assert(
    fc.property(mutilated, ([value, edits]) => void outcome(edited(serializer.serialize(value) as string, edits))),
    { numRuns: 1_500 },
  );
});

test('any annotations over any JSON are refused, or read as state', () => {
  const outcomes: string[] = [];
  fc.assert(
    fc.property(json, annotations, (content, meta) => void outcomes.push(outcome(envelope(content, meta)))),
    { numRuns: 2_000 },
  );
  expect(outcomes.filter((each) => each === 'read').length).toBeGreaterThan(50);
});
