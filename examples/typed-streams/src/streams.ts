import { defineStream } from '@ars/core';
import { z } from 'zod';

/** An order line whose quantity is a number, as every till is supposed to write it. */
const line = z.object({ sku: z.string(), quantity: z.number().int().positive(), cents: z.number().int() });
/** A line that also takes the quantity as text, as one till really writes it. */
const tolerantLine = line.extend({
  quantity: z.union([line.shape.quantity, z.string().regex(/^\d+$/).transform(Number)]),
});

const order = z.object({
  id: z.number().int(),
  placed: z.iso.datetime().transform((text) => new Date(text)), // published as text, received as a Date
  currency: z.string().default('EUR'), // may be left out, is always received
  lines: z.array(line).min(1),
});
const tolerantOrder = order.extend({ lines: z.array(tolerantLine).min(1) });
const invoice = z.object({ order: z.number().int(), year: z.number().int(), total: z.string() });

/** What a handler receives, whichever of the two schemas read it. */
export type Order = z.output<typeof order>;

/** The streams of one run of this example. */
export function createStreams(run: string) {
  return {
    orders: defineStream(`example:orders${run}`, { schema: order }),
    tolerantOrders: defineStream(`example:orders${run}`, { schema: tolerantOrder }),
    invoices: defineStream(`example:invoices${run}`, { schema: invoice }),
  };
}
