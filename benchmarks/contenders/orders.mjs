import { isPublished, STOCK } from '../workload.mjs';

/** The state of a hand-written loop, and what changed since the last commit. */
export class Orders {
  stock = STOCK;
  #publishEvery;
  #handled;
  #totals = new Map();
  #changed = new Set();
  #published = [];

  constructor(publishEvery, handled = () => {}) {
    this.#publishEvery = publishEvery;
    this.#handled = handled;
  }

  /** Handles one message. A loop of one's own has no rollback: a handler that throws leaves the state half changed. */
  handle(message) {
    const quantity = Number(message.quantity);
    this.stock -= quantity;
    this.#totals.set(message.sku, (this.#totals.get(message.sku) ?? 0) + quantity);
    this.#changed.add(message.sku);
    if (isPublished(message.order_id, this.#publishEvery)) this.#published.push(message.sku, message.order_id);
    this.#handled();
  }

  /** What changed since the last call: state fields with their values, and [sku, order_id, …] to publish. */
  take() {
    const fields = ['stock', String(this.stock)];
    for (const sku of this.#changed) fields.push(sku, String(this.#totals.get(sku)));
    const published = this.#published;
    this.#changed.clear();
    this.#published = [];
    return { fields, published };
  }
}

/** A message from flat fields; from an object, as node-redis gives it, itself. */
export function messageOf(fields) {
  if (!Array.isArray(fields)) return fields;
  const message = {};
  for (let index = 0; index < fields.length; index += 2) message[fields[index]] = fields[index + 1];
  return message;
}
