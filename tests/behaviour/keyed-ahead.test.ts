import type { ConsumerHome, Fields, StreamRead, StreamStore, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectKeyedLedger, keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';
import { writeLater } from './support/write-later.js';

describeStores((kit) => {
  test('the states of coming messages are asked for before the handlers of others take their time', async () => {
    await kit.add('in', ...keyedNumbers(1, 400, 400));
    const options = keyedLedgerOf(kit);
    const log: string[] = [];
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'load') return proceed();
      log.push('load asked for');
      await writeLater();
      log.push('load written');
      return proceed();
    });
    const consumer = kit.consumer<Ledger>({
      ...options,
      store,
      batch: { maxMessages: 40 },
      handler: (message, transaction) => {
        log.push('handled');
        options.handler(message, transaction);
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    const next = log.flatMap((what, at) => (what === 'load asked for' ? [log[at + 1]] : []));
    expect(log.filter((what) => what === 'handled')).toHaveLength(400);
    expect(next.length).toBeGreaterThan(3);
    expect(next).not.toContain('handled');
    // One load is under way while messages of the one before are handled.
    const written = log.indexOf('load written', log.indexOf('handled'));
    expect(written).toBeLessThan(log.lastIndexOf('handled'));
    await expectKeyedLedger(kit);
  });

  test('so are those that are asked for when an answer comes, with nothing left to read', async () => {
    await kit.add('in', ...keyedNumbers(1, 100, 100));
    const options = keyedLedgerOf(kit);
    const log: string[] = [];
    const atEnd = deferred();
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call === 'load') {
        log.push('load asked for');
        await writeLater();
        log.push('load written');
        await atEnd.promise;
      }
      const answer = await proceed();
      if (call === 'read' && (answer as readonly StreamRead[])[0]!.entries.length < 32) atEnd.resolve();
      return answer;
    });
    const consumer = kit.consumer<Ledger>({
      ...options,
      store,
      batch: { maxMessages: 40 },
      handler: (message, transaction) => {
        log.push('handled');
        options.handler(message, transaction);
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    const next = log.flatMap((what, at) => (what === 'load asked for' ? [log[at + 1]] : []));
    expect(next.length).toBeGreaterThan(1);
    expect(next).not.toContain('handled');
    await expectKeyedLedger(kit);
  });

  test('what waits for its handler is bounded by bytes', async () => {
    const filler = 'x'.repeat(1_000);
    await kit.add('in', ...keyedNumbers(1, 300, 300).map((fields) => ({ ...fields, filler })));
    let read = 0;
    let handled = 0;
    let ahead = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      const answer = await proceed();
      if (call === 'read') for (const { entries } of answer as readonly StreamRead[]) read += entries.length;
      return answer;
    });
    const consumer = kit.consumer<Ledger>({
      ...keyedLedgerOf(kit),
      store,
      batch: { maxBytes: 10_000 },
      handler: async () => {
        await new Promise((resolve) => setImmediate(resolve)); // others may read on meanwhile
        handled += 1;
        ahead = Math.max(ahead, read - handled);
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    expect(handled).toBe(300);
    expect(ahead).toBeGreaterThan(10);
    expect(ahead).toBeLessThan(80);
  });

  test('what one commit stores is bounded by bytes, of the states of keys too', async () => {
    const text = 'x'.repeat(1_000);
    await kit.add('in', ...keyedNumbers(1, 60, 30));
    let sizes: number[] = [];
    const inner = intercepted(kit.store, (_, proceed) => proceed());
    const store: StreamStore = {
      ...inner,
      openHome: async (address) => {
        const home = await inner.openHome(address);
        const commit: ConsumerHome['commit'] = (token, content) => {
          sizes.push((content.state?.set ?? []).reduce((sum, [, value]) => sum + value.length, 0));
          return home.commit(token, content);
        };
        return { ...home, commit };
      },
    };
    const options = {
      key: ({ k }: Fields): string => k!,
      state: { text: '' },
      store,
      batch: { maxBytes: 5_000 },
      handler: (_: Fields, { state }: Transaction<{ text: string }>): void => void (state.text = text),
    };
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    sizes = [];
    await kit.add('in', ...keyedNumbers(61, 90, 30));
    const second = await kit.started(options);
    await second.caughtUp();
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeGreaterThan(30_000);
    expect(Math.max(...sizes)).toBeLessThan(7_000);
  });
});
