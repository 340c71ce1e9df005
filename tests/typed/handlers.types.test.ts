import { defineStream, type Fields, Persistable, StreamConsumer, type StreamStore, type Transaction } from '@ars/core';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type Order, zodOrder } from './support/orders.js';
import { unexecuted } from './support/unexecuted.js';

declare const base: { readonly store: StreamStore; readonly consumerId: string };
const orders = defineStream('orders', { schema: zodOrder });
const numbers = defineStream('numbers', { schema: z.object({ n: z.number() }) });

class OrderCounter extends Persistable.with({ count: 0, ids: [] as number[] }) {
  readonly uniqueId = 'order-counter';
  handle(order: Order, transaction: Transaction): void {
    expectTypeOf(this.count).toBeNumber();
    expectTypeOf(this.ids).toEqualTypeOf<number[]>();
    this.ids.push(order.id);
    transaction.publish(numbers, { n: order.id });
  }
}

class FieldCounter extends Persistable.with({ count: 0 }) {
  readonly uniqueId = 'field-counter';
  handle(fields: Fields): void {
    this.count += fields['n'] === undefined ? 0 : 1;
  }
}

class WideCounter extends OrderCounter.with({ wide: 0 }) {
  override handle(order: Order | { n: number }, transaction: Transaction): void {
    if ('lines' in order) super.handle(order, transaction);
    this.wide += 1;
  }
}

test('a Persistable handles the messages of its stream', () => {
  unexecuted(() => [
    new StreamConsumer({ ...base, stream: orders, handler: new OrderCounter() }),
    new StreamConsumer({ ...base, stream: [orders], handler: new OrderCounter() }),
    new StreamConsumer({ ...base, stream: 'orders', handler: new FieldCounter() }),
    new StreamConsumer({ ...base, stream: [orders, numbers], handler: new WideCounter() }),
    new StreamConsumer({ ...base, stream: orders, handler: new WideCounter() }),
  ]);
});

test('a handler of other messages is refused, whether a function, an object or a Persistable', () => {
  unexecuted(() => [
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: orders, handler: (message: { id: string }) => message }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: orders, handler: { handle: (message: { id: string }) => message } }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: orders, handler: new FieldCounter() }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: numbers, handler: new OrderCounter() }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: 'orders', handler: new OrderCounter() }),
  ]);
});

test('a handler that takes only some of the messages of a list is refused', () => {
  unexecuted(() => [
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: [orders, numbers], handler: (order: Order) => order.id }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: [orders, numbers], handler: new OrderCounter() }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: ['plain', orders], handler: { handle: (order: Order) => order.id } }),
  ]);
});

test('a handler that needs more than the message has is refused', () => {
  type Discounted = Order & { discount: number };
  class Needy {
    handle(order: Discounted): void {
      void order.discount;
    }
  }
  unexecuted(() => [
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: orders, handler: new Needy() }),
    // @ts-expect-error
    new StreamConsumer({ ...base, stream: orders, handler: (order: Discounted) => order }),
  ]);
});

test('a handler of another state is refused', () => {
  unexecuted(() => [
    new StreamConsumer({
      ...base,
      stream: orders,
      // @ts-expect-error
      state: { count: 0 },
      handler: (_order: Order, transaction: Transaction<{ total: number }>) => transaction.state.total,
    }),
  ]);
});

test('migrate gives the attributes at once, as an object', () => {
  const options = () => ({
    ...base,
    stream: orders,
    state: { count: 0 },
    handler: () => {},
    stateVersion: 1,
  });
  unexecuted(() => [
    new StreamConsumer({
      ...options(),
      migrate: (stored, fromVersion) => {
        expectTypeOf(stored).toEqualTypeOf<Record<string, unknown>>();
        expectTypeOf(fromVersion).toBeNumber();
        return { ...stored, count: 1 };
      },
    }),
    // @ts-expect-error
    new StreamConsumer({ ...options(), migrate: async (stored: Record<string, unknown>) => stored }),
    // @ts-expect-error
    new StreamConsumer({ ...options(), migrate: () => {} }),
    // @ts-expect-error
    new StreamConsumer({ ...options(), migrate: () => 5 }),
  ]);
});
