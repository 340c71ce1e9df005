import {
  type ConsumerEvents,
  defineStream,
  type Fields,
  Persistable,
  type StandardSchema,
  StreamConsumer,
  StreamProducer,
  type Transaction,
} from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { describe, expectTypeOf, test } from 'vitest';
import { taggedJson } from './support/tagged-json.js';

const store = createMemoryStore();
const base = { store, stream: 'in', consumerId: 'c' } as const;
const orderSchema = {} as StandardSchema<{ id: number; at: string }, { id: number; at: Date }>;
const orders = { name: 'orders' } as ReturnType<
  typeof defineStream<{ id: number; at: string }, { id: number; at: Date }>
>;

describe('types of a consumer', () => {
  test('the state is inferred into the handler and onto the consumer', () => {
    const consumer = new StreamConsumer({
      ...base,
      serializer: taggedJson,
      state: { count: 0, names: [] as string[], nested: { map: new Map<string, number>() } },
      handler: (message, transaction) => {
        expectTypeOf(message).toEqualTypeOf<Fields>();
        expectTypeOf(message['n']).toEqualTypeOf<string | undefined>();
        expectTypeOf(transaction.state.count).toEqualTypeOf<number>();
        expectTypeOf(transaction.state.nested.map).toEqualTypeOf<Map<string, number>>();
        // @ts-expect-error no such attribute
        void transaction.state.missing;
      },
    });
    expectTypeOf(consumer.state.names).toEqualTypeOf<string[]>();
    // @ts-expect-error the committed state is read-only
    consumer.state.count = 1;
  });

  test('defaults may come from a function', () => {
    const consumer = new StreamConsumer({
      ...base,
      state: () => ({ total: null as number | null }),
      handler: (_, { state }) => expectTypeOf(state.total).toEqualTypeOf<number | null>(),
    });
    expectTypeOf(consumer.state.total).toEqualTypeOf<number | null>();
  });

  test('a handler may be asynchronous, return anything, or be an object', () => {
    void [
      new StreamConsumer({ ...base, handler: async () => {} }),
      new StreamConsumer({ ...base, handler: () => 5 }),
      new StreamConsumer({ ...base, handler: { handle: (message: Fields) => message } }),
    ];
    // @ts-expect-error a number is no handler
    void (() => new StreamConsumer({ ...base, handler: 5 }));
    // @ts-expect-error an option is missing
    void (() => new StreamConsumer({ store, stream: 'in', handler: () => {} }));
    // @ts-expect-error an option is unknown
    void (() => new StreamConsumer({ ...base, handler: () => {}, nonsense: 1 }));
  });

  test('events are typed by their name', () => {
    const consumer = new StreamConsumer({ ...base, handler: () => {} });
    consumer.on('commit', (event) => expectTypeOf(event).toEqualTypeOf<ConsumerEvents['commit']>());
    consumer.on('retry', ({ error }) => expectTypeOf(error).toEqualTypeOf<unknown>());
    // @ts-expect-error no such event
    consumer.on('committed', () => {});
  });
});

describe('types of streams', () => {
  test('a defined stream gives its handler what its schema puts out, and takes what it takes in', () => {
    expectTypeOf(defineStream<{ id: number; at: string }, { id: number; at: Date }>)
      .parameter(1)
      .toExtend<{ schema?: typeof orderSchema } | object>();
    void (() =>
      new StreamConsumer({
        ...base,
        stream: orders,
        handler: (order, transaction) => {
          expectTypeOf(order).toEqualTypeOf<{ id: number; at: Date }>();
          transaction.publish(orders, { id: 1, at: 'now' });
          // @ts-expect-error a Date is not what the schema takes in
          transaction.publish(orders, { id: 1, at: new Date() });
        },
      }));
    const producer = new StreamProducer({ store });
    void (() => producer.publish(orders, { id: 1, at: 'now' }, { idempotencyKey: 'k' }));
    // @ts-expect-error a field is missing
    void (() => producer.publish(orders, { id: 1 }));
  });

  test('a list of streams gives the union of their messages', () => {
    void (() =>
      new StreamConsumer({
        ...base,
        stream: ['plain', orders],
        home: 'x',
        handler: (message) => expectTypeOf(message).toEqualTypeOf<Fields | { id: number; at: Date }>(),
      }));
  });

  test('a plain message takes text, numbers, bigints and bytes', () => {
    const publish = {} as Transaction['publish'];
    void (() => publish('out', { a: 'x', b: 1, c: 2n, d: new Uint8Array() }));
    // @ts-expect-error no booleans
    void (() => publish('out', { a: true }));
    // @ts-expect-error no nested objects
    void (() => publish('out', { a: { b: 1 } }));
  });
});

describe('types of a Persistable', () => {
  class OrderCounter extends Persistable.with({ count: 0, tags: [] as string[] }) {
    readonly uniqueId = 'order-counter';
    handle(_order: Fields, transaction: Transaction): void {
      expectTypeOf(this.count).toEqualTypeOf<number>();
      expectTypeOf(transaction.entry.attempt).toEqualTypeOf<number>();
      this.tags.push('x');
      // @ts-expect-error no such attribute
      void this.missing;
    }
  }

  class AuditedCounter extends OrderCounter.with({ audited: false as boolean }) {}

  test('attributes are typed, and inherited', () => {
    expectTypeOf<AuditedCounter['count']>().toEqualTypeOf<number>();
    expectTypeOf<AuditedCounter['tags']>().toEqualTypeOf<string[]>();
    expectTypeOf<AuditedCounter['audited']>().toEqualTypeOf<boolean>();
    expectTypeOf<AuditedCounter>().toExtend<OrderCounter>();
  });

  test('attributes declared by a function are typed alike', () => {
    const Base = Persistable.with(() => ({ at: new Date(0) }));
    expectTypeOf<InstanceType<typeof Base>['at']>().toEqualTypeOf<Date>();
  });

  test('an instance is a handler, the class is none', () => {
    void new StreamConsumer({ ...base, handler: new AuditedCounter() });
    // @ts-expect-error the class itself
    void (() => new StreamConsumer({ ...base, handler: AuditedCounter }));
  });
});
