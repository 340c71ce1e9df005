import { concurrency } from './concurrency.mjs';
import { consumers } from './consumers.mjs';
import { keyedState } from './keyed-state.mjs';
import { latency } from './latency.mjs';
import { memoryStore } from './memory-store.mjs';
import { durability, handlers, memory, pinned } from './placement.mjs';
import { batchSize, messageSize, stateSize, streamLength } from './sizes.mjs';
import { throughput } from './throughput.mjs';

/** Every benchmark, in the order in which they run. */
export const SUITES = [
  throughput,
  pinned,
  latency,
  memoryStore,
  keyedState,
  concurrency,
  stateSize,
  streamLength,
  batchSize,
  messageSize,
  handlers,
  memory,
  consumers,
  durability,
];
