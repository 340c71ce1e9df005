import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';

/** What is published: the note may be left out, the time is text. */
export interface OrderInput {
  id: number;
  note?: string;
  lines: { sku: string; quantity: number }[];
  placed: string;
}

/** What a handler receives: the note has its default, the time is a Date. */
export interface Order {
  id: number;
  note: string;
  lines: { sku: string; quantity: number }[];
  placed: Date;
}

/** An order as zod sees it. */
export const zodOrder = z.object({
  id: z.number().int(),
  note: z.string().default('none'),
  lines: z.array(z.object({ sku: z.string(), quantity: z.number().positive() })),
  placed: z.iso.datetime().transform((text) => new Date(text)),
});

/** An order as valibot sees it. */
export const valibotOrder = v.object({
  id: v.pipe(v.number(), v.integer()),
  note: v.optional(v.string(), 'none'),
  lines: v.array(v.object({ sku: v.string(), quantity: v.pipe(v.number(), v.minValue(1)) })),
  placed: v.pipe(
    v.string(),
    v.isoTimestamp(),
    v.transform((text) => new Date(text)),
  ),
});

/** An order as arktype sees it. */
export const arktypeOrder = type({
  id: 'number.integer',
  note: "string = 'none'",
  lines: type({ sku: 'string', quantity: 'number > 0' }).array(),
  placed: 'string.date.iso.parse',
});

/** The same order in every library, for `test.each`. */
export const ORDER_SCHEMAS = [
  ['zod', zodOrder],
  ['valibot', valibotOrder],
  ['arktype', arktypeOrder],
] as const;

/** A valid order as it is published, without its note. */
export function orderInput(id: number): OrderInput {
  return { id, lines: [{ sku: `sku-${id}`, quantity: id }], placed: '2026-01-02T03:04:05.000Z' };
}

/** The same order as a handler receives it. */
export function orderOutput(id: number): Order {
  return { ...orderInput(id), note: 'none', placed: new Date('2026-01-02T03:04:05.000Z') };
}
