import { expect, test } from 'vitest';
import {
  ALLOWED_MAX,
  checkPublishBounds,
  encodeMessage,
  Publisher,
  PUBLISH_BYTES_MAX,
  PUBLISHES_MAX,
} from '../../src/transaction/publisher.js';

test('a target is looked at once', () => {
  const asked: string[] = [];
  const publisher = new Publisher((stream) => {
    asked.push(stream);
    return undefined;
  });
  expect([publisher.target('a'), publisher.target('b'), publisher.target('a')]).toEqual(['a', 'b', 'a']);
  expect(asked).toEqual(['a', 'b']);
});

test('targets that were looked at are forgotten when there are too many', () => {
  let asked: string[] = [];
  const publisher = new Publisher((stream) => {
    asked.push(stream);
    return undefined;
  });
  const names = Array.from({ length: ALLOWED_MAX }, (_, i) => `out${i}`);
  for (const name of [...names, ...names]) publisher.target(name);
  expect(asked).toEqual(names);
  asked = [];
  for (const name of ['more', ...names]) publisher.target(name);
  expect(asked.slice(0, ALLOWED_MAX)).toEqual(['more', ...names.slice(0, -1)]);
});

test('a target that cannot share the transaction is refused each time, with the reason', () => {
  const publisher = new Publisher((stream) => `${stream} is elsewhere`);
  for (let times = 0; times < 2; times += 1) {
    expect(() => publisher.target('a')).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION', message: 'a is elsewhere', details: { stream: 'a' } }),
    );
  }
});

test('the bounds of a transaction are inclusive', () => {
  expect(() => checkPublishBounds(PUBLISHES_MAX, PUBLISH_BYTES_MAX)).not.toThrow();
  const refused = expect.objectContaining({ code: 'ARS_MESSAGE_VALIDATION' }) as Error;
  expect(() => checkPublishBounds(PUBLISHES_MAX + 1, 0)).toThrow(refused);
  expect(() => checkPublishBounds(1, PUBLISH_BYTES_MAX + 1)).toThrow(refused);
});

test('a plain message is stored field by field, in its own order', () => {
  expect(encodeMessage('out', { b: 1, a: 'x', 2: 3n }).fields).toEqual(['2', '3', 'b', '1', 'a', 'x']);
});
