import type { Redis } from 'ioredis';
import { createModels } from './models.js';
import { keysOf, lastIdOf } from './reading.js';

const STREAMS = ['orders', 'folded', 'side', 'ledger', 'accepted', 'dead', 'paired', 'final'];

/** How long nothing at all may happen before it counts as never. */
const STANDSTILL_MS = 90_000;

/**
 * Waits until everything in the streams is committed by its consumers, for as long as anything moves. Answers what stands
 * still, undefined when all is done. Gives up at once when it is hopeless.
 */
export async function untilDrained(
  client: () => Redis,
  isHopeless: () => boolean,
  trace: (event: string) => void,
): Promise<string | undefined> {
  let before = '';
  let movedAt = Date.now();
  for (;;) {
    const { behind, traces } = await look(client());
    if (behind.length === 0) return undefined;
    if (traces !== before) trace(behind.join('; '));
    if (traces !== before) movedAt = Date.now();
    before = traces;
    if (isHopeless() || Date.now() - movedAt > STANDSTILL_MS) return behind.join('; ');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Upstream first: what is drained there adds nothing further down. */
async function look(client: Redis): Promise<{ behind: string[]; traces: string }> {
  const behind: string[] = [];
  const traces: (string | null)[] = [];
  for (const model of createModels()) {
    const record = keysOf(model).record;
    for (const stream of model.streams) {
      const position = await client.hget(record, `position:${stream}`);
      const end = await lastIdOf(client, stream);
      if ((position ?? '0-0') !== end)
        behind.push(`${model.consumerId} is at ${position} of ${stream}, which ends at ${end}`);
      traces.push(position);
    }
    traces.push(await client.hget(record, 'attempt'), await client.hget(record, 'suspect'));
  }
  for (const stream of STREAMS) traces.push(await lastIdOf(client, stream));
  return { behind, traces: traces.join() };
}
