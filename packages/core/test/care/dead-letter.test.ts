import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deadLetterOf } from '../../src/care/dead-letter.js';
import { deadLetterFields, readDeadLetter } from '../../src/transaction/dead-letter.js';
import type { DeadLetterFacts } from '../../src/transaction/dead-letter.js';

const facts: DeadLetterFacts = {
  reason: 'no such account',
  code: 'ARS_HANDLER',
  attempts: 5,
  consumer: 'billing',
  stream: 'orders',
  id: '7-0',
  time: 1_700_000_000_000,
};
const bytes = Uint8Array.of(0xff, 0, 0xc3);

test('a dead letter has the original fields first, and seven more behind them', () => {
  expect(deadLetterFields(['id', '7', 'blob', bytes], facts)).toEqual([
    'id', '7', 'blob', bytes,
    'ars:reason', 'no such account', 'ars:code', 'ARS_HANDLER', 'ars:attempts', '5', 'ars:consumer', 'billing',
    'ars:stream', 'orders', 'ars:id', '7-0', 'ars:time', '1700000000000',
  ]); // prettier-ignore
});

test('whatever the original fields are, they come back as they were, and so do the facts', () => {
  const value = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('ars:reason', 'ars:time', '5'),
    fc.uint8Array(),
  );
  const fields = fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 9 }).map((pairs) => pairs.flat());
  fc.assert(
    fc.property(fields, (original) => {
      const letter = deadLetterFields(original, facts);
      expect(readDeadLetter(letter)).toEqual({ facts, original });
      expect(readDeadLetter(deadLetterFields(letter, { ...facts, stream: 'orders-dead' }))?.original).toEqual(letter);
    }),
  );
});

test.each([
  ['a long text is cut', 'x'.repeat(5_000), 'x'.repeat(1_000)],
  ['a character is not halved', `${'x'.repeat(999)}😀`, 'x'.repeat(999)],
  ['one that just fits stays', `${'x'.repeat(998)}😀y`, `${'x'.repeat(998)}😀`],
  ['what is no text becomes one', '\ud800!', '\ufffd!'],
  ['an empty text stays', '', ''],
])('the reason: %s', (_, reason, stored) => {
  expect(readDeadLetter(deadLetterFields(['n', '1'], { ...facts, reason }))?.facts.reason).toBe(stored);
});

test('an entry that was not written by a consumer is no dead letter', () => {
  const letter = deadLetterFields(['n', '1'], facts);
  const changed = (index: number, value: string | Uint8Array) =>
    letter.map((old, at) => (at === letter.length + index ? value : old));
  for (const other of [
    [],
    ['n', '1'],
    letter.slice(2), // nothing but the added fields: an entry has at least one
    letter.slice(0, -2),
    [...letter, 'n', '2'],
    changed(-14, 'ars:cause'),
    changed(-13, bytes),
    changed(-9, 'many'),
    changed(-9, '1e5'),
    changed(-5, ''),
    changed(-3, '7'),
    changed(-1, '99999999999999999999'),
  ]) {
    expect(readDeadLetter(other)).toBeUndefined();
    expect(deadLetterOf({ id: '1-0', fields: other })).toBeUndefined();
  }
});

test('whoever chooses dead letters sees the facts, a date and the original fields', () => {
  expect(deadLetterOf({ id: '9-0', fields: deadLetterFields(['blob', bytes], facts) })).toEqual({
    id: '9-0',
    reason: 'no such account',
    code: 'ARS_HANDLER',
    attempts: 5,
    consumer: 'billing',
    stream: 'orders',
    sourceId: '7-0',
    time: new Date(1_700_000_000_000),
    fields: ['blob', bytes],
  });
});
