import { type Fields, StreamConsumer, type StreamDefinition } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { describe, expectTypeOf, test } from 'vitest';

const store = createMemoryStore();
const base = { store, stream: 'in', consumerId: 'c' } as const;
const orders = { name: 'orders' } as StreamDefinition<{ id: number; at: string }, { id: number; at: Date }>;
const notes = { name: 'notes' } as StreamDefinition<{ text: string }, { text: string }>;

describe('types of keyed state', () => {
  test('the key function gets the message of the stream, and gives a string, number or bigint', () => {
    void (() => {
      new StreamConsumer({
        ...base,
        key: (message) => {
          expectTypeOf(message).toEqualTypeOf<Fields>();
          return message['k'] ?? 'none';
        },
        state: { count: 0 },
        handler: (_, { state }) => expectTypeOf(state.count).toEqualTypeOf<number>(),
      });
      new StreamConsumer({
        ...base,
        stream: orders,
        key: (order) => {
          expectTypeOf(order).toEqualTypeOf<{ id: number; at: Date }>();
          return order.id;
        },
        state: { count: 0 },
        handler: () => {},
      });
      new StreamConsumer({ ...base, key: () => 5n, state: { count: 0 }, handler: () => {} });
      // @ts-expect-error an object is no key
      new StreamConsumer({ ...base, key: () => ({}), state: { count: 0 }, handler: () => {} });
      // @ts-expect-error a message may lack the field
      new StreamConsumer({ ...base, key: ({ k }) => k, state: { count: 0 }, handler: () => {} });
      // @ts-expect-error a key is found by a function
      new StreamConsumer({ ...base, key: 'k', state: { count: 0 }, handler: () => {} });
    });
  });

  test('with several streams, the key function gets the messages of any', () => {
    void (() =>
      new StreamConsumer({
        ...base,
        stream: [orders, notes],
        home: 'h',
        key: (message) => {
          expectTypeOf(message).toEqualTypeOf<{ id: number; at: Date } | { text: string }>();
          return 'id' in message ? message.id : message.text;
        },
        state: { count: 0 },
        handler: () => {},
      }));
  });

  test('stateOf and states give the state, or that there is none', () => {
    void (async () => {
      const consumer = new StreamConsumer({
        ...base,
        key: ({ k }) => k!,
        state: { count: 0, names: [] as string[] },
        handler: () => {},
      });
      expectTypeOf(await consumer.stateOf('a')).toEqualTypeOf<
        Readonly<{ count: number; names: string[] }> | undefined
      >();
      void consumer.stateOf(1);
      void consumer.stateOf(1n);
      // @ts-expect-error an object is no key
      void consumer.stateOf({});
      for await (const [key, state] of consumer.states()) {
        expectTypeOf(key).toEqualTypeOf<string>();
        expectTypeOf(state.names).toEqualTypeOf<string[]>();
        // @ts-expect-error what is committed is read-only
        state.count = 1;
      }
    });
  });

  test('concurrency, stateCache and stateTtlMs are options', () => {
    void (() =>
      new StreamConsumer({
        ...base,
        key: ({ k }) => k!,
        state: { count: 0 },
        concurrency: 8,
        stateTtlMs: 1_000,
        stateCache: { maxKeys: 10, maxBytes: 1_000 },
        handler: () => {},
      }));
    // @ts-expect-error no such bound
    void (() => new StreamConsumer({ ...base, stateCache: { most: 1 }, handler: () => {} }));
  });
});
