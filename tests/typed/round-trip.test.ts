import { defineStream, type StandardSchema } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from '../behaviour/stores.js';
import { type Order, ORDER_SCHEMAS, type OrderInput, orderInput, orderOutput, zodOrder } from './support/orders.js';
import { processed, receive } from './support/typed-consumer.js';

describeStores((kit) => {
  const define = (schema: unknown, name = 'in') =>
    defineStream(kit.name(name), { schema: schema as StandardSchema<OrderInput, Order> });

  test.each(ORDER_SCHEMAS)('%s: what was published is what is stored', async (_, schema) => {
    await kit.producer().publish(define(schema), orderInput(1));
    const [entry] = await kit.entries('in');
    expect(entry!.message).toEqual({ json: JSON.stringify(orderInput(1)) });
  });

  test.each(ORDER_SCHEMAS)('%s: defaults and transforms are applied where a message is read', async (_, schema) => {
    const orders = define(schema);
    await kit.producer().publish(orders, orderInput(1));
    await kit.producer().publish(orders, { ...orderInput(2), note: 'by hand' });
    expect(await receive(kit, orders)).toEqual([orderOutput(1), { ...orderOutput(2), note: 'by hand' }]);
  });

  test.each(ORDER_SCHEMAS)('%s: publishing leaves the message of the caller as it was', async (_, schema) => {
    const message = orderInput(1);
    await kit.producer().publish(define(schema), message);
    expect(message).toEqual(orderInput(1));
  });

  test.each(ORDER_SCHEMAS)('%s: a part of the state can be published as it is', async (_, schema) => {
    const out = define(schema, 'out');
    await kit.add('in', { n: 1 });
    const consumer = await processed(kit, {
      stream: kit.name('in'),
      state: { open: [orderInput(7)] },
      handler: (_message, transaction) => {
        transaction.publish(out, transaction.state.open[0]!);
        transaction.state.open[0]!.id = 8;
      },
    });
    expect(consumer.state.open[0]!.id).toBe(8);
    expect(await receive(kit, out)).toEqual([orderOutput(7)]);
  });

  test.each(ORDER_SCHEMAS)('%s: each attempt gets a message of its own', async (_, schema) => {
    const orders = define(schema);
    await kit.producer().publish(orders, orderInput(1));
    const seen: number[] = [];
    await processed(kit, {
      stream: orders,
      handler: (order, { entry }) => {
        seen.push(order.lines.length);
        order.lines.pop();
        if (entry.attempt < 3) throw new Error('not yet');
      },
    });
    expect(seen).toEqual([1, 1, 1]);
  });

  test('a handler moves typed messages from one typed stream to another, with its state, exactly once', async () => {
    const orders = define(zodOrder);
    const audit = define(zodOrder, 'out');
    for (let id = 1; id <= 20; id += 1) await kit.producer().publish(orders, orderInput(id));
    const consumer = await processed(kit, {
      stream: orders,
      state: { quantity: 0 },
      handler: (order, transaction) => {
        for (const { quantity } of order.lines) transaction.state.quantity += quantity;
        transaction.publish(audit, { ...order, placed: order.placed.toISOString() });
        if (order.id % 7 === 0 && transaction.entry.attempt === 1) throw new Error('not yet');
      },
    });
    expect(consumer.state).toEqual({ quantity: 210 });
    expect(await receive(kit, audit)).toEqual(Array.from({ length: 20 }, (_, index) => orderOutput(index + 1)));
  });

  test('any JSON value can be a message: null, numbers, text, lists', async () => {
    const values = defineStream<unknown, unknown>(kit.name('in'), {
      schema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
    });
    const messages = [null, 0, -1.5, '', 'text', [], [1, [2]], {}, { __proto__: null, a: { b: true } }, false];
    for (const message of messages) await kit.producer().publish(values, message);
    expect(await receive(kit, values)).toEqual(messages);
  });
});
