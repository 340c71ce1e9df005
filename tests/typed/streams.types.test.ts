import {
  binaryCodec,
  type Codec,
  defineStream,
  type Fields,
  fieldsCodec,
  type FieldsInput,
  jsonCodec,
  type MessageOf,
  StreamConsumer,
  type StreamDefinition,
  type StreamStore,
  type NoState,
} from '@ars/core';
import { expectTypeOf, test } from 'vitest';
import { arktypeOrder, type Order, type OrderInput, valibotOrder, zodOrder } from './support/orders.js';
import { unexecuted } from './support/unexecuted.js';

declare const store: StreamStore;
const zodOrders = defineStream('orders', { schema: zodOrder });
const valibotOrders = defineStream('orders', { schema: valibotOrder });
const arktypeOrders = defineStream('orders', { schema: arktypeOrder });
const plain = defineStream('plain', { codec: fieldsCodec });
const blobs = defineStream('blobs', { codec: binaryCodec });

type InputOf<D> = D extends StreamDefinition<infer In, unknown> ? In : never;

test('the input of a schema is what is published, its output what is received', () => {
  expectTypeOf<MessageOf<typeof zodOrders>>().toEqualTypeOf<Order>();
  expectTypeOf<MessageOf<typeof valibotOrders>>().toEqualTypeOf<Order>();
  expectTypeOf<MessageOf<typeof arktypeOrders>>().toEqualTypeOf<Order>();
  expectTypeOf<OrderInput>().toExtend<InputOf<typeof zodOrders>>();
  expectTypeOf<OrderInput>().toExtend<InputOf<typeof valibotOrders>>();
  expectTypeOf<OrderInput>().toExtend<InputOf<typeof arktypeOrders>>();
  expectTypeOf<InputOf<typeof zodOrders>['placed']>().toEqualTypeOf<string>();
  expectTypeOf<Order>().not.toExtend<InputOf<typeof zodOrders>>();
});

test('a codec types its stream', () => {
  expectTypeOf(plain).toEqualTypeOf<StreamDefinition<FieldsInput, Fields>>();
  expectTypeOf(blobs).toEqualTypeOf<StreamDefinition<FieldsInput, Record<string, Uint8Array>>>();
  expectTypeOf(defineStream('any', { codec: jsonCodec })).toEqualTypeOf<StreamDefinition<unknown, unknown>>();
  const csv = null as unknown as Codec<string, string[]>;
  unexecuted(() =>
    expectTypeOf(defineStream('csv', { codec: csv })).toEqualTypeOf<StreamDefinition<string, string[]>>(),
  );
});

test('with a schema and a codec, the schema types the stream', () => {
  expectTypeOf(defineStream('orders', { schema: zodOrder, codec: jsonCodec })).toEqualTypeOf(zodOrders);
  expectTypeOf(defineStream('orders', { schema: zodOrder, codec: fieldsCodec })).toEqualTypeOf(zodOrders);
});

test('MessageOf a name, a list, and a list of names and definitions', () => {
  expectTypeOf<MessageOf<'orders'>>().toEqualTypeOf<Fields>();
  expectTypeOf<MessageOf<string>>().toEqualTypeOf<Fields>();
  expectTypeOf<MessageOf<readonly string[]>>().toEqualTypeOf<Fields>();
  expectTypeOf<MessageOf<readonly [typeof zodOrders, typeof blobs]>>().toEqualTypeOf<
    Order | Record<string, Uint8Array>
  >();
  expectTypeOf<MessageOf<readonly (typeof zodOrders | string)[]>>().toEqualTypeOf<Order | Fields>();
});

test('the message of a handler follows from the stream', () => {
  unexecuted(() => [
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: 'orders',
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Fields>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: zodOrders,
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: valibotOrders,
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: arktypeOrders,
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: [zodOrders],
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: [zodOrders, blobs],
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order | Record<string, Uint8Array>>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: ['plain', zodOrders],
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order | Fields>(),
    }),
  ]);
});

test('a list that is kept in a variable types the message too', () => {
  const streams = [zodOrders, blobs];
  const names: string[] = ['a', 'b'];
  unexecuted(() => [
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: streams,
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Order | Record<string, Uint8Array>>(),
    }),
    new StreamConsumer({
      store,
      consumerId: 'c',
      stream: names,
      handler: (m) => expectTypeOf(m).toEqualTypeOf<Fields>(),
    }),
  ]);
});

test('the state of a handler follows from the option, beside a typed stream', () => {
  unexecuted(() => {
    const consumer = new StreamConsumer({
      store,
      stream: zodOrders,
      consumerId: 'c',
      state: { count: 0, seen: [] as number[] },
      handler: (order, transaction) => {
        expectTypeOf(transaction.state).toEqualTypeOf<{ count: number; seen: number[] }>();
        expectTypeOf(order).toEqualTypeOf<Order>();
      },
    });
    expectTypeOf(consumer.state).toExtend<Readonly<{ count: number; seen: number[] }>>();
  });
  unexecuted(
    () =>
      new StreamConsumer({
        store,
        stream: zodOrders,
        consumerId: 'c',
        state: () => ({ count: 0 }),
        handler: (_, transaction) => expectTypeOf(transaction.state).toEqualTypeOf<{ count: number }>(),
      }),
  );
  unexecuted(
    () =>
      new StreamConsumer({
        store,
        stream: zodOrders,
        consumerId: 'c',
        handler: (_, transaction) => expectTypeOf(transaction.state).toEqualTypeOf<NoState>(),
      }),
  );
});

test('a handler that takes less than it could is a handler', () => {
  unexecuted(() => [
    new StreamConsumer({ store, stream: zodOrders, consumerId: 'c', handler: () => {} }),
    new StreamConsumer({ store, stream: zodOrders, consumerId: 'c', handler: (order: { id: number }) => order.id }),
    new StreamConsumer({ store, stream: zodOrders, consumerId: 'c', handler: { handle: (order) => order.id } }),
    new StreamConsumer({ store, stream: zodOrders, consumerId: 'c', handler: async (order: unknown) => order }),
  ]);
});
