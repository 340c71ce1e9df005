import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { HandlerRun, type RunSubject } from '../src/handlers/handler-run.js';
import type { FaultKind, Scenario } from '../src/handlers/scenario.js';

const inputs = Array.from({ length: 10 }, (_, index) => ({ id: `${index + 1}-0`, fields: ['n', String(index + 1)] }));

function subject(calls: string[]): RunSubject {
  const handle = (message: Fields, { state }: Transaction<{ sum: number }>): void => {
    calls.push(message['n']!);
    state.sum += Number(message['n']);
  };
  return { stream: 'in', streamName: 'in', inputs, createHandler: () => handle, consumer: { state: { sum: 0 } } };
}

async function callsOf(scenario: Scenario): Promise<string> {
  const calls: string[] = [];
  const { state } = await new HandlerRun(subject(calls), scenario).result();
  expect(state).toEqual({ sum: 55 });
  return calls.join(' ');
}

test('a plain run calls the handler once a message', async () => {
  expect(await callsOf({ kind: 'plain' })).toBe('1 2 3 4 5 6 7 8 9 10');
});

test.each<[FaultKind, string]>([
  ['failure', '1 2 3 4 5 5 6 7 8 9 10'],
  ['death before the commit', '1 2 3 4 5 5 6 7 8 9 10'],
  // A commit goes out before the next message is handled, and the memory store answers at once.
  ['death after the commit', '1 2 3 4 5 6 7 8 9 10'],
  ['lost answer', '1 2 3 4 5 6 7 8 9 10'],
  ['takeover', '1 2 3 4 5 6 5 6 7 8 9 10'],
  // Two more had been handled when the failover was noticed.
  ['failover', '1 2 3 4 5 6 7 3 4 5 6 7 8 9 10'],
])('a %s at message 5 strikes there', async (kind, calls) => {
  expect(await callsOf({ kind, at: 4 })).toBe(calls);
});

test('random faults are the same for a seed', async () => {
  expect(await callsOf({ kind: 'random', seed: 7 })).toBe(await callsOf({ kind: 'random', seed: 7 }));
});
