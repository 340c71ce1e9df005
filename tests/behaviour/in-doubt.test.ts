import {
  type ConsumerAddress,
  type Environment,
  type Fields,
  StoreUnavailableError,
  StreamConsumer,
  type StreamStore,
  type Transaction,
} from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, onTestFinished, test } from 'vitest';
import { Clock, settled } from '../../packages/core/test/care/clock.js';
import { waitFor } from '../support/wait.js';
import { deferred } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { QuietLogger } from './support/quiet-logger.js';
import { Turnstile } from './support/turnstile.js';

/** What a consumer does not do while nobody knows what its store holds (G3, G4, G7). */
interface Seen {
  seen: string[];
}

const outage = (): Error => new StoreUnavailableError('No server yet.', { ran: false, reason: 'CONNECTION' });

/** A store that opens a home only when the test lets it; the first one opens at once. */
function guarded(store: StreamStore) {
  const doors = Array.from({ length: 4 }, () => ({ asked: deferred(), answer: deferred() }));
  doors[0]!.answer.resolve();
  onTestFinished(() => doors.forEach(({ answer }) => answer.resolve()));
  const passing = intercepted(store, (_, proceed) => proceed());
  let opened = 0;
  const openHome = async (address: ConsumerAddress) => {
    const door = doors[opened++]!;
    door.asked.resolve();
    await door.answer.promise;
    return passing.openHome(address);
  };
  return { doors, store: { ...passing, openHome } };
}

function consumerOn(store: StreamStore, options: object = {}): StreamConsumer<Seen, string> {
  const consumer = new StreamConsumer<Seen, string>({
    store,
    stream: 'in',
    consumerId: 'c',
    logger: new QuietLogger(),
    state: { seen: [] },
    handler: ({ n }: Fields, { state }: Transaction<Seen>): void => void state.seen.push(n!),
    ...options,
  });
  onTestFinished(() => consumer.stop());
  return consumer;
}

test('until the store was asked no other message is handled, though the one in hand has finished', async () => {
  const memory = createMemoryStore();
  const { doors, store } = guarded(memory);
  const turnstile = new Turnstile();
  const consumer = consumerOn(store, {
    handler: async ({ n }: Fields, { state, signal }: Transaction<Seen>) => {
      await turnstile.pass(n!, signal);
      state.seen.push(n!);
    },
  });
  memory.add('in', { n: 1 });
  memory.add('in', { n: 2 });
  await consumer.start();
  await turnstile.until(1);
  memory.disconnect();
  await doors[1]!.asked.promise;
  turnstile.release(1, 2);
  await settled();
  doors[1]!.answer.reject(outage());
  await doors[2]!.asked.promise;
  expect(turnstile.begun).toEqual(['1']);
  doors[2]!.answer.resolve();
  await consumer.caughtUp();
  expect(consumer.state.seen).toEqual(['1', '2']);
});

test('an entry that has the ID of one that was lost is not taken for passed before the store was asked', async () => {
  const memory = createMemoryStore();
  const { doors, store } = guarded(memory);
  const consumer = consumerOn(store);
  await consumer.start();
  memory.add('in', { n: 1 }, '1-0');
  await consumer.caughtUp();
  const older = memory.snapshot();
  memory.add('in', { n: 2 }, '2-0');
  await consumer.caughtUp();
  memory.restoreSnapshot(older);
  memory.add('in', { n: 3 }, '2-0');
  await doors[1]!.asked.promise;
  const seen = consumer.caughtUp().then(() => consumer.state.seen);
  await settled();
  doors[1]!.answer.resolve();
  expect(await seen).toEqual(['1', '3']);
});

/** Turns that a test gives: while it holds them, the consumer's loop stands still. */
function heldTurns(environment: Environment) {
  const held: (() => void)[] = [];
  let isHeld = false;
  return {
    soon: (callback: () => void): void => (isHeld ? void held.push(callback) : environment.soon(callback)),
    hold: (): void => void (isHeld = true),
    isWaitedFor: (): boolean => held.length > 0,
    give: (): void => {
      isHeld = false;
      for (const callback of held.splice(0)) callback();
    },
  };
}

test('who stops in doubt releases nothing, and tells its source no position that its home may not know', async () => {
  const [clock, source, home] = [new Clock(), createMemoryStore(), createMemoryStore()];
  const turns = heldTurns(clock.environment);
  const calls: string[] = [];
  const store = intercepted(home, (call, proceed) => {
    calls.push(call);
    return proceed();
  });
  const consumer = consumerOn(store, { source, environment: { ...clock.environment, soon: turns.soon } });
  const positions = async () => (await source.consumers('in')).map(({ position }) => position);
  await consumer.start();
  source.add('in', { n: 1 }, '1-0');
  await consumer.caughtUp();
  await clock.pass(4_000);
  turns.hold();
  source.add('in', { n: 2 }, '2-0');
  await waitFor(turns.isWaitedFor, 'the second message to be handled');
  home.evict('record', 'c');
  calls.length = 0;
  await clock.pass(3_000);
  expect(calls).toEqual(['renew']);
  const stopped = consumer.stop();
  turns.give();
  await stopped;
  expect(calls).toEqual(['renew']);
  expect(await positions()).toEqual(['1-0']);
});
