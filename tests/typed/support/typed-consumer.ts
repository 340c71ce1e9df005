import type { StreamChoice, StreamConsumer, StreamConsumerOptions } from '@ars/core';
import type { StoreKit } from '../../behaviour/stores.js';

/** What a test gives for a typed consumer; the kit fills in the store, the consumerId and the logger. */
export type TypedOptions<D extends StreamChoice, S extends object> = Partial<StreamConsumerOptions<S, D>> &
  Pick<StreamConsumerOptions<S, D>, 'stream' | 'handler'>;

/** A consumer of the kit whose messages are typed by its streams. */
export function typedConsumer<const D extends StreamChoice, S extends object = Record<string, unknown>>(
  kit: StoreKit,
  options: TypedOptions<D, S>,
): StreamConsumer<S, D> {
  return kit.consumer(options as never) as unknown as StreamConsumer<S, D>;
}

/** The same, started and caught up. */
export async function processed<const D extends StreamChoice, S extends object = Record<string, unknown>>(
  kit: StoreKit,
  options: TypedOptions<D, S>,
): Promise<StreamConsumer<S, D>> {
  const consumer = typedConsumer(kit, options);
  await consumer.start();
  await consumer.caughtUp();
  return consumer;
}

/** Every message that a consumer of the stream gets, from the beginning. */
export async function receive<const D extends StreamChoice>(
  kit: StoreKit,
  stream: D,
  consumerId = 'receiver',
): Promise<unknown[]> {
  const seen: unknown[] = [];
  const consumer = await processed(kit, { stream, consumerId, handler: (message) => seen.push(message) });
  await consumer.stop();
  return seen;
}
