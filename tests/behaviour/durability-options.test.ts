import { type NoState, StreamConsumer, type StreamConsumerOptions, type StreamStore } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { failureOf } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';

/** A store that says it can wait for all there is. */
const replicated: StreamStore = {
  ...intercepted(createMemoryStore(), (_, proceed) => proceed()),
  durability: ['replicas', 'fsync'],
};

const make = async (durability: unknown, store: StreamStore = replicated) => {
  const options = { store, stream: 'in', consumerId: 'c', handler: () => {}, durability };
  return new StreamConsumer(options as StreamConsumerOptions<NoState, string>);
};

test.each([{ replicas: 1 }, { fsync: true }])('a memory store refuses %o at construction', async (durability) => {
  const error = await failureOf(make(durability, createMemoryStore()));
  expect(error).toMatchObject({ code: 'ARS_CONFIGURATION' });
  expect(String(error)).toContain('durability.');
});

test.each([
  {},
  { replicas: 0 },
  { fsync: false },
  { replicas: -1 },
  { replicas: 1.5 },
  { replicas: '2' },
  { fsync: 1 },
  { replicas: 1, timeoutMs: 0 },
  { replicas: 1, onShortfall: 'retry' },
  { replicas: 1, replica: 1 },
  true,
])('%o is refused by name', async (durability) => {
  const error = await failureOf(make(durability));
  expect(error).toMatchObject({ code: 'ARS_CONFIGURATION' });
  expect(String(error)).toContain('durability');
});
