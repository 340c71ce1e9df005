import {
  type Fields,
  type FieldsInput,
  systemEnvironment,
  type StoredRecord,
  type StreamConsumerOptions,
  type StreamStore,
  type Transaction,
} from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { Clock } from '../../packages/core/test/care/clock.js';
import { waitFor } from '../support/wait.js';
import { describeStore, describeStores, type KitConsumerOptions, type StoreKit } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { mortal } from './support/mortal-store.js';
import { QuietLogger } from './support/quiet-logger.js';

type Handler = StreamConsumerOptions<object, string>['handler'];

const addressOf = (kit: StoreKit, isList = false) => ({
  consumerId: 'consumer',
  home: kit.tag,
  scope: isList ? '*' : kit.name('in'),
  streams: isList ? [] : [kit.name('in')],
  readsHere: true,
  stateName: isList ? undefined : null,
  isKeyed: isList,
});

/** What is on record of the consumer, read past it. */
async function recordOf(kit: StoreKit, store: StreamStore = kit.store): Promise<StoredRecord> {
  const home = await store.openHome(addressOf(kit));
  const { record } = await home.inspect();
  home.close();
  return record!;
}

/** One process whose handlers may die; it looks for signs of the life of the one before for `leaseMs` at most. */
async function life(
  kit: StoreKit,
  handlerOf: (die: () => Promise<never>) => Handler,
  options: Partial<KitConsumerOptions<object>> = {},
) {
  const process = mortal(options.store ?? kit.connect());
  const consumer = await kit.started<object>({
    deadLetter: kit.name('dead'),
    leaseMs: 100,
    stopTimeoutMs: 1,
    ...options,
    store: process.store,
    handler: handlerOf(() => process.die()),
  });
  return { consumer, process };
}

describeStores((kit) => {
  const deadLife = async (options: Partial<KitConsumerOptions<object>>, handlerOf?: Parameters<typeof life>[1]) => {
    const { process } = await life(kit, handlerOf ?? ((die) => () => die()), options);
    await waitFor(() => process.isDead, 'the process to die');
  };

  test.each([1, 2])(
    'under suspicion a failed message is marked again before each try, with concurrency %s',
    async (concurrency) => {
      await kit.addNumbers('in', 1, 1);
      const marks: (number | undefined)[] = [];
      for (let round = 0; round < 4; round += 1) {
        let tries = 0;
        await deadLife({ concurrency, retry: { attempts: 50 } }, (die) => () => {
          if ((tries += 1) === 1) throw new Error('survived');
          return die();
        });
        marks.push((await recordOf(kit)).suspect?.count);
      }
      expect(marks).toEqual([undefined, 1, 2, 3]);
    },
  );

  test('the count of a failing message that was deleted goes with it, and the next failing message is counted', async () => {
    const [gone] = await kit.addNumbers('in', 1, 1);
    const options = {
      onGap: 'skip' as const,
      handler: ({ n }: Fields) => {
        if (n !== '2') throw new Error('no');
      },
    };
    const untilRecorded = (id: string, least: number) =>
      waitFor(async () => {
        const { attempt } = await recordOf(kit);
        return attempt?.id === id && attempt.count >= least;
      }, `${least} failures of ${id} to be on record`);
    const first = await kit.started(options);
    await untilRecorded(gone!, 2);
    await first.stop();
    await kit.addNumbers('in', 2, 2);
    await kit.backend.delete(kit.name('in'), gone!);
    const second = await kit.started(options);
    await second.caughtUp();
    await second.stop();
    const [bad] = await kit.addNumbers('in', 3, 3);
    const third = await kit.started(options);
    await untilRecorded(bad!, 2);
    await third.stop();
    const { attempt } = await recordOf(kit);
    const fourth = kit.consumer(options);
    const retry = nextEvent(fourth, 'retry');
    await fourth.start();
    expect(await retry).toMatchObject({ id: bad, attempt: attempt!.count + 1 });
  });

  test('a stop while the start watches whether the owner lives claims nothing: no fence, and the mark stays', async () => {
    await kit.addNumbers('in', 1, 1);
    const retry = { attempts: 2 };
    await deadLife({ retry });
    await deadLife({ retry });
    const running = deferred();
    await life(kit, () => () => (running.resolve(), new Promise(() => {})), { retry });
    await running.promise;
    const { owner: token, epoch, suspect } = await recordOf(kit);
    expect(suspect?.count).toBe(2);
    const watching = deferred();
    const gate = deferred();
    const store = intercepted(kit.connect(), async (call, proceed) => {
      if (call === 'glance') {
        watching.resolve();
        await gate.promise;
      }
      return proceed();
    });
    const late = kit.consumer({ store, retry, deadLetter: kit.name('dead'), leaseMs: 60_000, handler: () => {} });
    const starting = failureOf(late.start());
    await watching.promise;
    const stopping = late.stop();
    gate.resolve();
    await stopping;
    expect(await starting).toMatchObject({ code: 'ARS_STOPPED' });
    expect(await recordOf(kit)).toMatchObject({ owner: token, epoch, suspect });
  });

  test('a logger that throws keeps neither stop nor the end of a consumer back', async () => {
    const logger = new QuietLogger();
    logger.warn = logger.error = () => {
      throw new Error('the disk is full');
    };
    await kit.addNumbers('in', 1, 1);
    const failing = await kit.started({
      logger,
      retry: { attempts: 1 },
      handler: () => {
        throw new Error('no');
      },
    });
    expect(await failureOf(failing.closed)).toMatchObject({ code: 'ARS_HANDLER' });
    const running = deferred();
    const stuck = await kit.started({
      logger,
      consumerId: 'stuck',
      stopTimeoutMs: 30,
      handler: () => (running.resolve(), new Promise(() => {})),
    });
    await running.promise;
    await stuck.stop();
    await stuck.closed;
  });

  test('keys expire although a stream was removed from the list', async () => {
    const options = {
      home: kit.tag,
      key: ({ k }: Fields) => k!,
      state: { count: 0 },
      stateTtlMs: 1_000,
      handler: (_: unknown, { state }: Transaction<{ count: number }>) => void (state.count += 1),
    };
    const addAt = (stream: string, t: number, k: string) => kit.backend.add(kit.name(stream), { k }, `${t}-0`);
    await addAt('in', 1_000, 'x');
    await addAt('removed', 1_000, 'y');
    const before = await kit.started({ ...options, stream: [kit.name('in'), kit.name('removed')] });
    await before.caughtUp();
    await before.stop();
    const consumer = await kit.started({ ...options, stream: [kit.name('in')] });
    let t = 100_000;
    await waitFor(async () => {
      await addAt('in', (t += 1), 'z');
      await consumer.caughtUp();
      const home = await kit.store.openHome(addressOf(kit, true));
      const { states } = await home.scan(undefined, 100);
      home.close();
      return [...states].map(([key]) => key).join() === 'z';
    }, 'the expired states to be deleted');
  });
});

describeStore('memory', (kit) => {
  /** A memory store and its consumers on one clock that the test moves. */
  const timed = () => {
    const clock = new Clock();
    const store = createMemoryStore({
      now: () => clock.environment.now(),
      after: (delayMs, callback) => clock.environment.after(delayMs, callback),
    });
    const add = (message: FieldsInput) => store.add(kit.name('in'), message);
    return { clock, store, add, options: { store, environment: clock.environment } };
  };

  test.each([1, 2])(
    'a message whose key function throws is tried again after its delay, not with the next news (concurrency %s)',
    async (concurrency) => {
      const { clock, add, options } = timed();
      const id = add({ n: 0 });
      add({ n: 1 });
      const retry = { minDelayMs: 20_000, maxDelayMs: 20_000 };
      const key = (): string => {
        throw new Error('the key service is away');
      };
      const consumer = kit.consumer({ ...options, concurrency, retry, key, state: {}, handler: () => {} });
      const failures: string[] = [];
      consumer.on('retry', (event) => failures.push(`${event.id} ${event.attempt}`));
      await consumer.start();
      for (let n = 2; n < 11; n += 1) {
        await clock.pass(1_000); // the delay is at least half of the 20 seconds
        expect(failures).toEqual([`${id} 1`]);
        add({ n });
      }
      await clock.pass(11_000);
      expect(failures).toEqual([`${id} 1`, `${id} 2`]);
      void consumer.stop();
      await clock.pass(10);
    },
  );

  test('suspicion does not end while a handler is running', async () => {
    const { clock, store, add, options } = timed();
    add({ n: 'poison' });
    const common = { ...options, concurrency: 2, retry: { attempts: 50 } };
    const dead = await life(kit, (die) => () => die(), common);
    await clock.pass(1_000);
    const handler: Handler = ({ n }) => {
      if (n === 'poison') return new Promise(() => {});
      throw new Error('no');
    };
    const living = await life(kit, () => handler, common);
    await clock.pass(1_000);
    const { suspect } = await recordOf(kit, store);
    expect(suspect?.count).toBe(1);
    add({ n: 'fails' });
    await clock.pass(1_000);
    expect((await recordOf(kit, store)).suspect).toEqual(suspect);
    for (const { consumer } of [dead, living]) void consumer.stop();
    await clock.pass(10);
  });

  test('after a rewind a foreign source is told the lower position at once', async () => {
    const source = createMemoryStore({ name: 'elsewhere' });
    const told: string[] = [];
    const listening = {
      ...intercepted(source, (_, proceed) => proceed()),
      register: ((address, cursors) => {
        told.push(cursors[0]!.position);
        return source.register(address, cursors);
      }) satisfies StreamStore['register'],
    };
    const home = createMemoryStore();
    const gate = deferred();
    let isHeld = false;
    const environment = {
      ...systemEnvironment, // what happens once a second comes soon
      after: (delayMs: number, callback: () => void) => systemEnvironment.after(delayMs / 20, callback),
    };
    const consumer = await kit.started({
      store: home,
      source: listening,
      stream: 'inbox',
      environment,
      handler: () => (isHeld ? gate.promise : undefined),
    });
    const older = home.snapshot();
    for (let n = 1; n <= 5; n += 1) source.add('inbox', { n }, `${n}-0`);
    await consumer.caughtUp();
    await waitFor(() => told.at(-1) === '5-0', 'the source to be told of the commits');
    isHeld = true; // so that no commit brings the news
    const rewound = nextEvent(consumer, 'rewound');
    home.restoreSnapshot(older);
    const { to } = await rewound;
    expect(to[0]!.position).toBe('0-0');
    await waitFor(() => told.at(-1) === '0-0', 'the source to be told of the rewind');
    gate.resolve();
  });
});
