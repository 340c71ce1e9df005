import { expect, test } from 'vitest';
import { EventHub } from '../../src/consumer/events.js';
import type { Logger } from '../../src/domain/logger.js';

const logged: unknown[] = [];
const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (_, details) => logged.push(details) };
const fenced = { consumer: 'c' };

test('listeners are called in the order in which they were added, each once', () => {
  const hub = new EventHub(logger);
  const calls: string[] = [];
  const twice = (): void => void calls.push('a');
  hub.on('fenced', twice);
  hub.on('fenced', () => void calls.push('b'));
  hub.on('fenced', twice);
  hub.emit('fenced', fenced);
  expect(calls).toEqual(['a', 'b']);
});

test('a listener that leaves or joins while an event is told disturbs nobody', () => {
  const hub = new EventHub(logger);
  const calls: string[] = [];
  const leaving = (): void => {
    calls.push('leaving');
    hub.off('fenced', leaving);
    hub.on('fenced', () => void calls.push('joined'));
  };
  hub.on('fenced', leaving);
  hub.on('fenced', () => void calls.push('staying'));
  hub.emit('fenced', fenced);
  expect(calls).toEqual(['leaving', 'staying']);
  hub.emit('fenced', fenced);
  expect(calls.slice(2)).toEqual(['staying', 'joined']);
});

test('what a listener throws or rejects with is logged', async () => {
  const hub = new EventHub(logger);
  const [thrown, rejected] = [new Error('thrown'), new Error('rejected')];
  hub.on('fenced', () => {
    throw thrown;
  });
  hub.on('fenced', () => Promise.reject(rejected) as unknown as undefined);
  hub.emit('fenced', fenced);
  await Promise.resolve();
  expect(logged).toEqual([thrown, rejected]);
});

test('knows whether anybody listens', () => {
  const hub = new EventHub(logger);
  const listener = (): void => {};
  expect(hub.has('gap')).toBe(false);
  hub.on('gap', listener);
  expect([hub.has('gap'), hub.has('fenced')]).toEqual([true, false]);
  hub.off('gap', listener);
  hub.off('fenced', listener);
  expect(hub.has('gap')).toBe(false);
});
