import { expect, test } from 'vitest';
import { declaredAttributes, Persistable, shadowedAttribute } from '../../src/transaction/persistable.js';

class Counter extends Persistable.with({ count: 0, list: ['default'] }) {
  readonly uniqueId = 'counter';
  handle(): void {}
}

class Audited extends Counter.with(() => ({ audited: { yes: false } })) {}

test('before a consumer takes it, an instance holds its own defaults, to be read and written', () => {
  const [one, other] = [new Audited(), new Audited()];
  one.count = 5;
  one.list.push('mine');
  one.audited.yes = true;
  expect([one.count, one.list, one.audited]).toEqual([5, ['default', 'mine'], { yes: true }]);
  expect([other.count, other.list, other.audited]).toEqual([0, ['default'], { yes: false }]);
});

test('the declared attributes are those of the whole line, base first', () => {
  expect(declaredAttributes(new Audited())!()).toEqual({ count: 0, list: ['default'], audited: { yes: false } });
  expect(Object.keys(declaredAttributes(new Audited())!())).toEqual(['count', 'list', 'audited']);
  expect(Object.keys(declaredAttributes(new Counter())!())).toEqual(['count', 'list']);
  class Plain extends Persistable {
    readonly uniqueId = 'plain';
    handle(): void {}
  }
  expect(declaredAttributes(new Plain())).toBeUndefined();
});

test('attributes of one class are no attributes of its siblings', () => {
  class Sibling extends Counter.with({ other: 1 }) {}
  expect('audited' in Sibling.prototype).toBe(false);
  expect('other' in Audited.prototype).toBe(false);
});

test('an accessor of a subclass that hides an attribute is found', () => {
  class Hiding extends Counter {}
  Object.defineProperty(Hiding.prototype, 'count', { get: () => 1 });
  expect(shadowedAttribute(new Hiding(), ['list', 'count'])).toBe('count');
  expect(shadowedAttribute(new Audited(), ['list', 'count', 'audited'])).toBeUndefined();
});

test('an own property that hides an attribute is found', () => {
  const instance = Object.defineProperty(new Counter(), 'list', { value: [] });
  expect(shadowedAttribute(instance, ['count', 'list'])).toBe('list');
});

test('a source, once attached, answers for the attributes, and there is only one', () => {
  const instance = new Counter();
  const source = {
    open: undefined as Record<string, unknown> | undefined,
    committed: (name: string) => `committed ${name}`,
  };
  Persistable.attach(instance, source);
  expect(instance.count).toBe('committed count');
  expect(() => (instance.count = 1)).toThrow(expect.objectContaining({ code: 'ARS_TRANSACTION_CLOSED' }));
  source.open = { count: 7 };
  instance.count += 1;
  expect([instance.count, source.open]).toEqual([8, { count: 8 }]);
  expect(() => Persistable.attach(instance, source)).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
});
