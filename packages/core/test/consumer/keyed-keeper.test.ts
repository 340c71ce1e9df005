import { expect, test } from 'vitest';
import { KeySweep } from '../../src/consumer/key-sweep.js';
import { KeyedKeeper } from '../../src/consumer/keyed-keeper.js';
import type { KeyedPlan } from '../../src/consumer/keyed-plan.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { Progress } from '../../src/consumer/progress.js';
import type { StatePlan } from '../../src/consumer/state-plan.js';
import { systemEnvironment } from '../../src/domain/environment.js';
import { strictJson } from '../../src/state/strict-json.js';
import { Batch } from '../../src/transaction/batch.js';
import type { Delivery } from '../../src/transaction/delivery.js';
import { MessageTransaction } from '../../src/transaction/message-transaction.js';
import { Publisher } from '../../src/transaction/publisher.js';
import { createFormat, createStates, load } from '../state/keyed-fixtures.js';

const defaults = () => ({ count: 0 });
const HEADER = { version: 0, serializer: 'json', declared: ['count'] };

function setUp() {
  const states = createStates(defaults, { maxKeys: 1 });
  const keyed = { states, format: createFormat(defaults), ttlMs: undefined } as unknown as KeyedPlan;
  const plan = { version: 0, serializer: strictJson, tracked: { declared: ['count'] } } as unknown as StatePlan;
  const consumer = { environment: systemEnvironment, address: { streams: ['in'] } } as unknown as ConsumerPlan;
  const sweep = new KeySweep(keyed, consumer, new Progress(systemEnvironment));
  const keeper = new KeyedKeeper(plan, keyed, sweep);

  /** A message of a cached key is handled, which counts: it is all of a batch. */
  const handle = (key: string): Batch => {
    const state = states.get(key)!;
    states.pin(state);
    const prepared = { message: {}, isUsed: true, key, failure: undefined, state };
    const delivery: Delivery = { stream: 'in', id: '1-0', fields: [], read: 1, gap: undefined, prepared };
    const transaction = new MessageTransaction(delivery, 1, new Publisher(() => undefined), state.tracked);
    (transaction.state as ReturnType<typeof defaults>).count += 1;
    transaction.close();
    const batch = new Batch(0);
    keeper.add(batch, transaction);
    return batch;
  };

  /** The same, and it is committed; answers what was written. */
  const commit = (key: string) => {
    const batch = handle(key);
    const change = keeper.change(batch);
    keeper.settle(batch, change);
    return change;
  };
  return { states, keeper, handle, commit };
}

test('a key stays in the cache until its change is undone, and may leave it then', () => {
  const { states, keeper, handle } = setUp();
  load(states, { a: undefined });
  const batch = handle('a');
  load(states, { b: undefined });
  expect(states.peek('a')).toBeDefined();
  keeper.undo([batch]);
  load(states, { c: undefined });
  expect([states.peek('a'), states.size]).toEqual([undefined, 1]);
});

test('how states are stored is said once, and once more after a restart: the store may hold something else now', () => {
  const { states, keeper, commit } = setUp();
  const written = () => {
    load(states, { a: undefined });
    return commit('a')?.header;
  };
  expect([written(), written()]).toEqual([HEADER, undefined]);
  keeper.restart();
  expect([written(), written()]).toEqual([HEADER, undefined]);
});

test('a restart goes on from what is stored then, not from what was committed before', () => {
  const { states, keeper, commit } = setUp();
  load(states, { a: '0,,json,{"count":5}' });
  expect(commit('a')?.set).toEqual([['a', '0,,json,{"count":6}']]);
  keeper.restart();
  load(states, { a: '0,,json,{"count":2}' });
  expect(commit('a')?.set).toEqual([['a', '0,,json,{"count":3}']]);
});
