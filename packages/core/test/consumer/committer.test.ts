import { expect, test } from 'vitest';
import { Committer } from '../../src/consumer/committer.js';
import { NOTHING_STORED } from '../../src/consumer/restored-values.js';
import { WholeStateKeeper } from '../../src/consumer/state-keeper.js';
import { planState } from '../../src/consumer/state-plan.js';
import { systemEnvironment } from '../../src/domain/environment.js';
import { Batch } from '../../src/transaction/batch.js';
import type { Delivery } from '../../src/transaction/delivery.js';

const delivery: Delivery = { stream: 'in', id: '1-0', fields: [], read: 1, gap: undefined, prepared: undefined };

test('a commit without messages, which only says how often one failed, stores no state; the first message does', () => {
  const states = new WholeStateKeeper(planState({ state: { count: 7 }, handler: () => {} })!);
  states.restart(NOTHING_STORED);
  const committer = new Committer(states, undefined, systemEnvironment, () => {});
  const attempt = { stream: 'in', id: '1-0', count: 2 };
  committer.prepare(new Batch(0), { attempt, suspect: undefined });
  expect(committer.pending).toMatchObject({ attempt, cursors: [], state: undefined });

  const batch = new Batch(0);
  batch.add({ delivery, publishes: undefined, callbacks: undefined, bytes: 0 });
  committer.prepare(batch, { attempt: undefined, suspect: undefined });
  expect(committer.pending?.state?.set).toEqual([['count', '7']]);
});
