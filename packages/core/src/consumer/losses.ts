import { StreamRegressedError } from '../domain/errors.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import type { StreamRead, StreamReader } from '../store/stream-store.js';
import { gapError } from './failure-plan.js';
import type { ConsumerPlan } from './plan.js';

/** The error for a stream that is behind what was read of it. */
export function regressionOf({ stream, lastId }: StreamRead, consumer: string): StreamRegressedError {
  return new StreamRegressedError(
    `Stream "${stream}" is behind what consumer "${consumer}" has read of it: it was deleted and recreated, flushed, or restored from ` +
      "an older copy. Decide what its entries mean now; then delete the consumer's record and state to begin anew.",
    { stream, consumer, lastId },
  );
}

/**
 * What speaks against claiming a consumer that goes on behind these cursors: a stream that is behind them, or entries that
 * vanished unread where that is not to be skipped. Of what may be skipped, the first read will tell.
 */
export async function lossBehind(
  reader: StreamReader,
  known: readonly StreamCursor[],
  { address, failsOnGap }: ConsumerPlan,
): Promise<Error | undefined> {
  const cursors = known.filter(({ stream }) => address.streams.includes(stream));
  if (cursors.length === 0) return undefined;
  const reads = await reader.read({ cursors, maxEntries: 0, maxBytes: 0, waitMs: 0 });
  for (const [index, read] of reads.entries()) {
    if (read.regressed) return regressionOf(read, address.consumerId);
    if (read.lost === 0 || !failsOnGap) continue;
    const { stream, lost, lastId } = read;
    return gapError({ stream, lost, after: cursors[index]!.position, upTo: lastId }, address.consumerId);
  }
  return undefined;
}
