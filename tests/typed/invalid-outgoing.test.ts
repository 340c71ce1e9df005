import { defineStream, isArsError, type StandardSchema } from '@ars/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { type Order, ORDER_SCHEMAS, type OrderInput, orderInput, zodOrder } from './support/orders.js';
import { processed, typedConsumer } from './support/typed-consumer.js';

const invalid = { ...orderInput(1), lines: [{ sku: 'a', quantity: -1 }] };

describeStores((kit) => {
  const moment = () => kit.backend.moment({ consumerId: 'consumer', scope: kit.name('in') }, kit.name('out'));
  const out = (schema: unknown = zodOrder) =>
    defineStream(kit.name('out'), { schema: schema as StandardSchema<OrderInput, Order> });

  test.each(ORDER_SCHEMAS)('%s: an invalid message is refused where the handler publishes it', async (_, schema) => {
    await kit.add('in', { n: 1 });
    let thrown: unknown;
    const consumer = typedConsumer(kit, {
      stream: kit.name('in'),
      handler: (_message, transaction) => {
        try {
          transaction.publish(out(schema), invalid);
        } catch (error) {
          thrown = error;
          throw error;
        }
      },
    });
    await consumer.start();
    await failureOf(consumer.closed);
    expect(thrown).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
      message: `A message of stream "${kit.name('out')}" is invalid at lines.0.quantity.`,
    });
  });

  test('a handler that publishes an invalid message fails for good: nothing of it is stored, what was before is', async () => {
    const ids = await kit.add('in', { n: 1 }, { n: 2 }, { n: 3 });
    const consumer = typedConsumer(kit, {
      stream: kit.name('in'),
      state: { sum: 0 },
      handler: ({ n }, transaction) => {
        transaction.state.sum += Number(n);
        transaction.publish(out(), orderInput(Number(n)));
        if (n === '2') transaction.publish(out(), invalid);
      },
    });
    await consumer.start();
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION', details: { entry: ids[1], consumer: 'consumer' } });
    const { attributes, position, outputs } = await moment();
    expect([attributes, position, outputs.length]).toEqual([{ sum: '1' }, ids[0], 1]);
    expect(consumer.stats().failures).toBe(1);
  });

  test('a handler that catches the refusal commits the rest', async () => {
    await kit.add('in', { n: 1 });
    const consumer = await processed(kit, {
      stream: kit.name('in'),
      state: { refused: 0 },
      handler: (_, transaction) => {
        transaction.publish(out(), orderInput(1));
        try {
          transaction.publish(out(), invalid);
        } catch (error) {
          if (isArsError(error, 'ARS_MESSAGE_VALIDATION')) transaction.state.refused += 1;
        }
        transaction.publish(out(), orderInput(2));
      },
    });
    expect(consumer.state).toEqual({ refused: 1 });
    expect((await moment()).outputs.map(({ message }) => JSON.parse(String(message['json'])).id)).toEqual([1, 2]);
  });

  test.each(ORDER_SCHEMAS)('%s: a producer rejects an invalid message and stores nothing', async (_, schema) => {
    expect(await failureOf(kit.producer().publish(out(schema), invalid))).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
      details: { stream: kit.name('out'), paths: ['lines.0.quantity'] },
    });
    expect(await kit.entries('out')).toEqual([]);
  });

  test('an idempotency key is not used up by an invalid message', async () => {
    const options = { idempotencyKey: 'order-1' };
    await failureOf(kit.producer().publish(out(), invalid, options));
    const id = await kit.producer().publish(out(), orderInput(1), options);
    expect(await kit.producer().publish(out(), orderInput(2), options)).toBe(id);
    expect(await kit.entries('out')).toHaveLength(1);
  });

  test('a valid message that JSON would change is refused, and the error names the place', async () => {
    const stream = defineStream(kit.name('out'), { schema: z.object({ at: z.object({ time: z.date() }) }) });
    expect(await failureOf(kit.producer().publish(stream, { at: { time: new Date() } }))).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
      message: expect.stringContaining('at.time'),
    });
  });

  test.each([
    ['nothing', undefined],
    ['no fields', { bytes: 0 }],
    ['an empty list', { fields: [], bytes: 0 }],
    ['a name without a value', { fields: ['a', 'b', 'c'], bytes: 3 }],
    ['a number as a value', { fields: ['a', 5], bytes: 2 }],
    ['a lone surrogate', { fields: ['a', '\ud800'], bytes: 2 }],
    ['no size', { fields: ['a', 'b'] }],
    ['more fields than a message may have', { fields: Array.from({ length: 7_802 }, () => 'a'), bytes: 1 }],
  ])("a codec of one's own that gives %s is refused, by handlers and producers", async (_, encoded) => {
    const codec = { name: 'mine', encode: () => encoded as never, decode: () => 0 };
    const stream = defineStream(kit.name('out'), { codec });
    expect(await failureOf(kit.producer().publish(stream, 1 as never))).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
    });
    await kit.add('in', { n: 1 });
    const consumer = typedConsumer(kit, {
      stream: kit.name('in'),
      handler: (_message, transaction) => transaction.publish(stream, 1 as never),
    });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect((await moment()).outputs).toEqual([]);
  });
});
