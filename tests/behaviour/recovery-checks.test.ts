import {
  type Fields,
  isArsError,
  StoreUnavailableError,
  StreamConsumer,
  type StreamStore,
  type Transaction,
} from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import { beforeEach, expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { deferred, failureOf } from './support/deferred.js';
import { intercepted, type Interceptor } from './support/intercepted-store.js';
import { QuietLogger } from './support/quiet-logger.js';

interface Seen {
  seen: string[];
}

const LONG = 1_000_000;
let memory: MemoryStore;
beforeEach(() => {
  memory = createMemoryStore();
});

const address = {
  consumerId: 'c',
  home: 'in',
  scope: 'in',
  streams: ['in'],
  readsHere: true,
  stateName: undefined,
  isKeyed: false,
};

function consumerOn(store: StreamStore, options: object = {}): StreamConsumer<Seen, string> {
  return new StreamConsumer<Seen, string>({
    store,
    stream: 'in',
    consumerId: 'c',
    logger: new QuietLogger(),
    leaseMs: LONG,
    state: { seen: [] },
    handler: (message: Fields, { state }: Transaction<Seen>): void => void state.seen.push(String(message['n'])),
    ...options,
  });
}

/** A store on which one kind of call goes through what a test says, and all others pass. */
function storeWhere(
  call: string,
  intercept: (number: number, proceed: () => Promise<unknown>) => Promise<unknown>,
): StreamStore {
  let count = 0;
  const interceptor: Interceptor = (name, proceed) =>
    name === call ? (intercept((count += 1), proceed) as ReturnType<typeof proceed>) : proceed();
  return intercepted(memory, interceptor);
}

async function sight() {
  const home = await memory.openHome(address);
  const found = await home.glance();
  home.close();
  return found;
}

test('an owner whose takeover was lost is fenced by one that came since, also under the same epoch', async () => {
  const first = consumerOn(memory);
  await first.start();
  await first.stop();
  const copy = memory.snapshot();
  const gate = deferred();
  const lost = consumerOn(storeWhere('renew', (_, proceed) => gate.promise.then(proceed)));
  await lost.start();
  memory.restoreSnapshot(copy);
  await using successor = consumerOn(memory);
  await successor.start();
  expect((await sight())?.epoch).toBe(2);
  gate.resolve();
  expect(isArsError(await failureOf(lost.closed), 'ARS_FENCED')).toBe(true);
  memory.add('in', { n: 1 });
  await successor.caughtUp();
  expect(successor.state.seen).toEqual(['1']);
});

test('of two owners whose takeovers were lost, the later one keeps the consumer', async () => {
  const first = consumerOn(memory);
  await first.start();
  await first.stop();
  const copy = memory.snapshot();
  const home = await memory.openHome(address);
  await home.claim({ expectedEpoch: 1, ownEpoch: 0, owner: 'second', starts: [] });
  home.close();
  const gate = deferred();
  const third = consumerOn(storeWhere('renew', (_, proceed) => gate.promise.then(proceed)));
  await third.start();
  await using fourth = consumerOn(memory);
  await fourth.start();
  memory.restoreSnapshot(copy);
  await waitFor(() => fourth.stats().rewinds === 1, 'the last owner to claim again');
  gate.resolve();
  expect(isArsError(await failureOf(third.closed), 'ARS_FENCED')).toBe(true);
  memory.add('in', { n: 1 });
  await fourth.caughtUp();
  expect(fourth.state.seen).toEqual(['1']);
});

test('a start whose claim was applied and not answered leaves nothing claimed', async () => {
  const consumer = consumerOn(
    storeWhere('claim', async (_, proceed) => {
      await proceed();
      throw new StoreUnavailableError('The answer was lost.', { ran: 'unknown', reason: 'CONNECTION' });
    }),
  );
  expect(isArsError(await failureOf(consumer.start()), 'ARS_STORE_UNAVAILABLE')).toBe(true);
  expect(await sight()).toMatchObject({ owner: '', epoch: 1 });
});

test('a commit that was applied under a history that is no more: what was read behind it is read again', async () => {
  const answer = deferred();
  let applied = 0;
  const consumer = consumerOn(
    storeWhere('commit', async (number, proceed) => {
      const outcome = await proceed();
      applied = number;
      if (number === 1) await answer.promise;
      return outcome;
    }),
  );
  await using _ = consumer;
  await consumer.start();
  memory.add('in', { n: 1 }, '1-0');
  await waitFor(() => applied === 1, 'the first commit to be applied');
  const copy = memory.snapshot();
  memory.add('in', { n: 2 }, '2-0');
  await waitFor(() => consumer.stats().lag['in'] === 2, 'the second message to be read');
  memory.restoreSnapshot(copy);
  memory.add('in', { n: 3 }, '2-0');
  await consumer.caughtUp();
  expect(consumer.state.seen).toEqual(['1', '3']);
  answer.resolve();
});

test('a late answer to a commit that was given up is not taken for the answer to the next one', async () => {
  const late = deferred<unknown>();
  const next = deferred();
  let sent = 0;
  const consumer = consumerOn(
    storeWhere('commit', async (number, proceed) => {
      sent = number;
      if (number === 1) return late.promise;
      await next.promise;
      return proceed();
    }),
  );
  await using _ = consumer;
  await consumer.start();
  memory.add('in', { n: 1 });
  await waitFor(() => sent === 1, 'the first commit');
  memory.restoreSnapshot(memory.snapshot());
  await waitFor(() => sent === 2, 'the next commit');
  late.resolve({ outcome: 'committed' });
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  expect(consumer.stats().commits).toBe(0);
  next.resolve();
  await consumer.caughtUp();
  expect([consumer.stats().commits, consumer.state.seen]).toEqual([1, ['1']]);
});

test('a late failure of a commit that was sent again is no doubt', async () => {
  const late = deferred<unknown>();
  const next = deferred();
  let sent = 0;
  const consumer = consumerOn(
    storeWhere('commit', async (number, proceed) => {
      sent = number;
      if (number === 1) return late.promise;
      await next.promise;
      return proceed();
    }),
  );
  await using _ = consumer;
  await consumer.start();
  memory.add('in', { n: 1 });
  await waitFor(() => sent === 1, 'the first commit');
  memory.disconnect();
  await waitFor(() => sent === 2, 'the commit to be sent again');
  late.resolve({ outcome: 'fenced' });
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  next.resolve();
  await consumer.caughtUp();
  expect(consumer.stats()).toMatchObject({ recoveries: 1, commits: 1 });
});

test('an end that was decided on top of what is undone is taken back with it', async () => {
  const held = deferred();
  let tries = 0;
  const consumer = consumerOn(
    storeWhere('commit', async (number, proceed) => {
      if (number === 1) await held.promise;
      return proceed();
    }),
    {
      retry: { when: () => 'stop' },
      leaseMs: 300, // nothing is read any more, so a sign of life finds out that the connections are gone
      handler: (message: Fields, { state }: Transaction<Seen>) => {
        if (message['n'] === '2' && (tries += 1) === 1) throw new Error('only once');
        state.seen.push(String(message['n']));
      },
    },
  );
  await using _ = consumer;
  await consumer.start();
  memory.add('in', { n: 1 });
  await waitFor(() => consumer.stats().lag['in'] === 1, 'the first message to be read');
  await new Promise(setImmediate);
  memory.add('in', { n: 2 });
  await waitFor(() => tries === 1, 'the second message to fail');
  memory.restoreSnapshot(memory.snapshot());
  await consumer.caughtUp();
  expect(consumer.state.seen).toEqual(['1', '2']);
  held.resolve();
});

test('a reader and a home that reached different servers are opened again', async () => {
  let opened = 0;
  let openedAtClaim = 0;
  const whole = storeWhere('claim', (_, proceed) => {
    openedAtClaim = opened;
    return proceed();
  });
  const store = {
    ...whole,
    openReader: async (streams: readonly string[]) => {
      const reader = await whole.openReader(streams);
      return (opened += 1) === 1 ? { ...reader, history: 'elsewhere' } : reader;
    },
  };
  await using consumer = consumerOn(store);
  await consumer.start();
  expect(openedAtClaim).toBe(2);
});

test('where a store cannot vouch for its history, what is not committed is read again after a lost connection', async () => {
  let handled = 0;
  const held = deferred();
  const whole = storeWhere('commit', async (number, proceed) => {
    if (number === 1) await held.promise;
    return proceed();
  });
  const store = {
    ...whole,
    openReader: async (streams: readonly string[]) => ({ ...(await whole.openReader(streams)), history: undefined }),
    openHome: async (to: typeof address) => ({ ...(await whole.openHome(to)), history: undefined }),
  } as StreamStore;
  await using consumer = consumerOn(store, { handler: () => void (handled += 1) });
  await consumer.start();
  memory.add('in', { n: 1 });
  await waitFor(() => handled === 1, 'the message to be handled');
  memory.disconnect();
  await consumer.caughtUp();
  expect(handled).toBe(2);
  held.resolve();
});

test('a standby does not claim from an owner that showed life after the last look', async () => {
  const home = await memory.openHome(address);
  await home.claim({
    expectedEpoch: 0,
    ownEpoch: 0,
    owner: 'first',
    starts: [{ stream: 'in', position: '0-0', read: 0 }],
  });
  const owners: unknown[] = [];
  const standby = consumerOn(
    storeWhere('inspect', async (number, proceed) => {
      owners.push((await home.glance())?.owner);
      if (number === 2) await home.renew({ owner: 'first', renewal: 0 });
      return proceed();
    }),
    { standby: true, leaseMs: 100 },
  );
  await using _ = standby;
  await standby.start();
  await standby.caughtUp();
  expect(owners.slice(0, 3)).toEqual(['first', 'first', 'first']);
});

test('a takeover waits for no lease where no message is condemned', async () => {
  memory.add('in', { n: 1 });
  const owner = consumerOn(memory, { deadLetter: 'dead' });
  await owner.start();
  let glances = 0;
  await using successor = consumerOn(
    storeWhere('glance', (number, proceed) => {
      glances = number;
      return proceed();
    }),
    { deadLetter: 'dead' },
  );
  await successor.start();
  expect(glances).toBe(0);
});

test('a state whose record and registration vanished is no fresh start', async () => {
  memory.add('in', { n: 1 });
  const owner = consumerOn(memory);
  await owner.start();
  await owner.caughtUp();
  await owner.stop();
  memory.evict('record', 'c');
  await memory.unregister(address);
  expect(await failureOf(consumerOn(memory).start())).toMatchObject({ code: 'ARS_STATE_LOST' });
  expect(await sight()).toBeUndefined();
});
