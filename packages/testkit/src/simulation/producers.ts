import { isArsError, StreamProducer } from '@ars/core';
import { createFaultPlan } from '../faults/fault-plan.js';
import { faultyStore } from '../faults/faulty-store.js';
import { FAR } from './topology.js';
import type { World } from './world.js';

/** Appends so many messages to the sources, over so long a time, some by a producer whose answers get lost. */
export async function produce(world: World, messages: number, durationMs: number): Promise<void> {
  const { clock, random, topology } = world;
  const faults = createFaultPlan({
    seed: Math.floor(random.next() * 2 ** 32),
    chance: 0.2,
    faults: ['lose', 'duplicate'],
    after: (delayMs, callback) => clock.after(delayMs, callback),
  });
  const producer = new StreamProducer({ store: faultyStore(world.home.store, faults) });
  for (let number = 1; number <= messages; number += 1) {
    const n = `m${number}`;
    if (random.isLucky(0.2)) world.far.store.add(FAR, { n });
    const stream = random.isLucky(0.75) ? topology.sources[0]! : random.pick(topology.sources);
    if (random.isLucky(0.7)) world.home.store.add(stream, { n });
    else await publishOnce(producer, stream, n);
    if (random.isLucky(0.5)) await clock.sleep(random.next() * ((4 * durationMs) / messages));
  }
}

/** Publishes until an answer comes; the key makes that one entry. */
async function publishOnce(producer: StreamProducer, stream: string, n: string): Promise<void> {
  for (;;) {
    try {
      await producer.publish(stream, { n }, { idempotencyKey: n });
      return;
    } catch (error) {
      if (!isArsError(error, 'ARS_STORE_UNAVAILABLE')) throw error;
    }
  }
}
