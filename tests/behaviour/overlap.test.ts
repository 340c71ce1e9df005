import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { intercepted } from './support/intercepted-store.js';
import { ledgerOf } from './support/ledger.js';
import { writeLater } from './support/write-later.js';

describeStores((kit) => {
  test('while a backlog is worked off, a commit and the next read go out before the handlers take their time', async () => {
    await kit.addNumbers('in', 1, 120);
    const { state, handler } = ledgerOf(kit);
    const log: string[] = [];
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit' && call !== 'read') return proceed();
      log.push(`${call} asked for`);
      await writeLater();
      log.push(`${call} written`);
      return proceed();
    });
    const consumer = kit.consumer({
      store,
      state,
      batch: { maxMessages: 40 },
      handler: (message, transaction) => {
        log.push('handled');
        handler(message, transaction);
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    const askedFor = log.flatMap((what, at) => (what.endsWith('asked for') ? [at] : []));
    const next = askedFor.map((at) => log.slice(at + 1).find((what) => what === 'handled' || what.endsWith('written')));
    expect(log.filter((what) => what === 'handled')).toHaveLength(120);
    expect(log).toContain('commit written');
    expect(next).not.toContain('handled');
  });
});
