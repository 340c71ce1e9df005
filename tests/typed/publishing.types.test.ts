import {
  binaryCodec,
  defineStream,
  fieldsCodec,
  type StreamDefinition,
  type StreamProducer,
  type Transaction,
} from '@ars/core';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { arktypeOrder, type OrderInput, valibotOrder, zodOrder } from './support/orders.js';
import { unexecuted } from './support/unexecuted.js';

declare const transaction: Transaction;
declare const producer: StreamProducer;
declare const input: OrderInput;
const zodOrders = defineStream('orders', { schema: zodOrder });
const valibotOrders = defineStream('orders', { schema: valibotOrder });
const arktypeOrders = defineStream('orders', { schema: arktypeOrder });
const plain = defineStream('plain', { codec: fieldsCodec });
const blobs = defineStream('blobs', { codec: binaryCodec });

test('what the schema takes as input can be published', () => {
  unexecuted(() => {
    transaction.publish(zodOrders, input);
    transaction.publish(valibotOrders, input);
    transaction.publish(arktypeOrders, input);
    transaction.publish(zodOrders, { id: 1, lines: [], placed: '2026-01-01T00:00:00Z' });
    transaction.publish(plain, { a: 1, b: 2n, c: 'c', d: new Uint8Array() });
    transaction.publish(blobs, { a: Buffer.of(1) });
    transaction.publish('name', { a: 1 });
    expectTypeOf(producer.publish(zodOrders, input, { idempotencyKey: 'k' })).resolves.toBeString();
    void producer.publish(arktypeOrders, { ...input, note: 'x' });
    void producer.publish('name', { a: 1 });
  });
});

test('what the schema gives as output, but does not take, cannot be published', () => {
  unexecuted(() => {
    // @ts-expect-error a Date is what a handler receives
    transaction.publish(zodOrders, { ...input, placed: new Date() });
    // @ts-expect-error
    transaction.publish(valibotOrders, { ...input, placed: new Date() });
    // @ts-expect-error
    transaction.publish(arktypeOrders, { ...input, placed: new Date() });
    // @ts-expect-error
    void producer.publish(zodOrders, { ...input, placed: new Date() });
  });
});

test('wrong messages are refused: a field of another type, missing, misspelled, or unknown', () => {
  unexecuted(() => {
    // @ts-expect-error another type
    transaction.publish(zodOrders, { ...input, id: '7' });
    // @ts-expect-error another type, deep inside
    transaction.publish(zodOrders, { ...input, lines: [{ sku: 'a', quantity: '1' }] });
    // @ts-expect-error missing
    transaction.publish(zodOrders, { id: 7, lines: [] });
    // @ts-expect-error misspelled, where it may be left out
    transaction.publish(zodOrders, { id: 7, lines: [], placed: '', note_: 'x' });
    // @ts-expect-error
    transaction.publish(valibotOrders, { id: 7, lines: [], placed: '', note_: 'x' });
    // @ts-expect-error
    transaction.publish(arktypeOrders, { id: 7, lines: [], placed: '', note_: 'x' });
    // @ts-expect-error
    void producer.publish(zodOrders, { id: 7, lines: [], placed: '', note_: 'x' });
    // @ts-expect-error no message
    transaction.publish(zodOrders);
    // @ts-expect-error
    void producer.publish(zodOrders, 'text');
    // @ts-expect-error
    transaction.publish(zodOrders, null);
    // @ts-expect-error
    void producer.publish(zodOrders, null);
    // @ts-expect-error perhaps nothing
    transaction.publish(arktypeOrders, input.id === 1 ? input : undefined);
    // @ts-expect-error
    void producer.publish(valibotOrders, input.id === 1 ? input : undefined);
  });
});

test('fields of plain streams are strings, numbers, bigints and bytes', () => {
  unexecuted(() => {
    // @ts-expect-error
    transaction.publish('name', { a: true });
    // @ts-expect-error
    transaction.publish(plain, { a: new Date() });
    // @ts-expect-error
    void producer.publish('name', { a: { b: 1 } });
    // @ts-expect-error
    transaction.publish(blobs, { a: null });
  });
});

test('a definition is not given where its message differs', () => {
  const numbers = defineStream('numbers', { schema: z.object({ n: z.number() }) });
  unexecuted(() => {
    const publish = (stream: StreamDefinition<{ n: number }, unknown>): void => transaction.publish(stream, { n: 1 });
    publish(numbers);
    // @ts-expect-error
    publish(zodOrders);
  });
});

test('defineStream takes a schema or a codec in an object, and nothing else', () => {
  unexecuted(() => {
    // @ts-expect-error
    defineStream('orders');
    // @ts-expect-error
    defineStream('orders', {});
    // @ts-expect-error
    defineStream('orders', zodOrder);
    // @ts-expect-error
    defineStream('orders', { schema: {} });
    // @ts-expect-error
    defineStream('orders', { codec: fieldsCodec, unknown: 1 });
    // @ts-expect-error
    defineStream(7, { codec: fieldsCodec });
  });
});
