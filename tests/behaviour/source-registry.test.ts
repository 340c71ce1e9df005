import { type ConsumerAddress, type EntryId, type Fields, type StreamStore } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { afterEach, expect, test } from 'vitest';
import { Clock, settled } from '../../packages/core/test/care/clock.js';
import { describeStore, type KitConsumerOptions } from './stores.js';
import { type Deferred, deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';

/** What a source's registry is told by a consumer whose home may lose commits (G7). */
describeStore('memory', (kit) => {
  const gates: Deferred<void>[] = [];
  afterEach(() => gates.splice(0).forEach(({ resolve }) => resolve()));

  /** A gate that is open at the test's end, however that comes. */
  const closedGate = (): Deferred<void> => {
    const gate = deferred();
    gates.push(gate);
    return gate;
  };

  const scene = () => {
    const clock = new Clock();
    const memory = () =>
      createMemoryStore({
        now: () => clock.environment.now(),
        after: (delayMs, callback) => clock.environment.after(delayMs, callback),
      });
    const [source, home] = [memory(), memory()];
    const gate = closedGate();
    const seen = new Set<string>();
    const options = {
      source,
      store: home as StreamStore,
      stream: 'inbox',
      environment: clock.environment,
      // What is handled for the second time waits, so that no commit brings the source other news.
      handler: ({ n }: Fields, { signal }): unknown => {
        if (seen.has(n!)) return Promise.race([gate.promise, aborted(signal)]);
        return void seen.add(n!);
      },
    } satisfies KitConsumerOptions<object>;
    const add = (from: number, to: number): void => {
      for (let n = from; n <= to; n += 1) source.add('inbox', { n }, `${n}-0`);
    };
    const positions = async (): Promise<EntryId[]> => (await source.consumers('inbox')).map(({ position }) => position);
    return { clock, source, home, options, add, positions };
  };

  /** A store whose openHome waits once it is told to. */
  const held = (store: StreamStore) => {
    const [asked, gate] = [deferred(), closedGate()];
    const control = { isHeld: false, asked: asked.promise, release: () => gate.resolve(), store };
    control.store = {
      ...intercepted(store, (_, proceed) => proceed()),
      openHome: async (address: ConsumerAddress) => {
        if (control.isHeld) asked.resolve();
        if (control.isHeld) await gate.promise;
        return store.openHome(address);
      },
    };
    return control;
  };

  test('an owner that was fenced tells the source nothing of the commits that its home has lost', async () => {
    const { clock, home, options, add, positions } = scene();
    const first = held(home);
    const fenced = await kit.started({ ...options, store: first.store });
    add(1, 50);
    await fenced.caughtUp();
    const older = home.snapshot();
    add(51, 100);
    await fenced.caughtUp();
    first.isHeld = true;
    home.restoreSnapshot(older);
    add(101, 101);
    await first.asked;
    await kit.started(options);
    await clock.pass(3_000);
    expect(await positions()).toEqual(['50-0']);
    first.release();
    expect(await failureOf(fenced.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(await positions()).toEqual(['50-0']);
  });

  test('an owner that stops tells the source where it has come to, at once', async () => {
    const { options, add, positions } = scene();
    const consumer = await kit.started(options);
    add(1, 7);
    await consumer.caughtUp();
    await consumer.stop();
    expect(await positions()).toEqual(['7-0']);
  });

  test('what the source is told never lands behind what it is told later', async () => {
    const { clock, source, home, options, add, positions } = scene();
    const [slow, told] = [closedGate(), [] as EntryId[]];
    const late = {
      ...intercepted(source, (_, proceed) => proceed()),
      register: (async (address, cursors) => {
        told.push(cursors[0]!.position);
        if (cursors[0]!.position === '100-0') await slow.promise;
        return source.register(address, cursors);
      }) satisfies StreamStore['register'],
    };
    const consumer = await kit.started({ ...options, source: late });
    add(1, 50);
    await consumer.caughtUp();
    const older = home.snapshot();
    add(51, 100);
    await consumer.caughtUp();
    await clock.pass(1_000);
    expect(told.at(-1)).toBe('100-0');
    const rewound = nextEvent(consumer, 'rewound');
    home.restoreSnapshot(older);
    add(101, 101);
    await rewound;
    await settled();
    slow.resolve();
    await settled();
    expect(await positions()).toEqual(['50-0']);
  });

  test('an owner repeats its position, so that what a fenced one had under way does not last', async () => {
    const { clock, source, options, add, positions } = scene();
    let who: ConsumerAddress | undefined;
    const listening = {
      ...intercepted(source, (_, proceed) => proceed()),
      register: ((address, cursors) => {
        who = address;
        return source.register(address, cursors);
      }) satisfies StreamStore['register'],
    };
    const consumer = await kit.started({ ...options, source: listening });
    add(1, 50);
    await consumer.caughtUp();
    await clock.pass(2_000);
    expect(await positions()).toEqual(['50-0']);
    await source.register(who!, [{ stream: 'inbox', position: '100-0', read: 100 }]);
    await clock.pass(5_000);
    expect(await positions()).toEqual(['50-0']);
  });
});

/** Resolves when a handler is to end early. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
