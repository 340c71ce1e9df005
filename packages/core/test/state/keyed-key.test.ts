import { expect, test } from 'vitest';
import { isArsError } from '../../src/domain/errors.js';
import { keyText } from '../../src/state/keyed-states.js';

test('the text of a key is that of a string, a number or a bigint', () => {
  const keys = ['alice', '__proto__', 'constructor', 'a,b', '%', '\u0000', ' ', 'é😀', '\ufeff'];
  expect(keys.map(keyText)).toEqual(keys);
  expect([0, -0, 1.5, -7, 1e21, 2 ** 53].map(keyText)).toEqual(['0', '0', '1.5', '-7', '1e+21', '9007199254740992']);
  expect([0n, -7n, 10n ** 30n].map(keyText)).toEqual(['0', '-7', `1${'0'.repeat(30)}`]);
});

test('nothing else is a key, and the refusal does not tell the value', () => {
  const objects = [null, {}, [], ['hunter2'], new String('hunter2'), new Date(0), { toString: () => 'hunter2' }];
  const primitives = [undefined, true, false, Symbol('hunter2'), () => 'hunter2', NaN, Infinity, -Infinity];
  for (const key of [...objects, ...primitives, '', 'hunter2\ud800', '\udc00hunter2']) {
    let error: unknown;
    try {
      keyText(key);
    } catch (caught) {
      error = caught;
    }
    expect(isArsError(error, 'ARS_MESSAGE_VALIDATION') && error.message).toMatch(/^The key of a message must be/);
    expect(JSON.stringify([(error as Error).message, (error as { details: object }).details])).not.toContain('hunter2');
  }
});
