import { isArsError, type StreamConsumer } from '@ars/core';
import type { FaultPoint } from '../../faults/fault.js';
import { createFaultPlan } from '../../faults/fault-plan.js';
import { faultyStore } from '../../faults/faulty-store.js';
import type { Behaviour, BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { type Fold, type FoldState, withFold } from '../laws/fold.js';
import type { Trial } from '../trial.js';

type FoldConsumer = StreamConsumer<FoldState, string>;

/** The numbers from 1 to this one. */
function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

async function startQuietly(consumer: FoldConsumer): Promise<void> {
  try {
    await consumer.start();
  } catch (error) {
    check(isArsError(error), 'a start that meets a fault fails with an error of the library');
  }
}

async function foldsAcrossRestarts(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    for (let last = 0; last < 30; last += 5) {
      await trial.add('in', ...upTo(5).map((n) => last + n));
      await fold.complete();
      await fold.expectExact(upTo(last + 5));
    }
  });
}

async function foldsAcrossTakeovers(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    let earlier: FoldConsumer | undefined;
    for (let last = 0; last < 20; last += 5) {
      await trial.add('in', ...upTo(5).map((n) => last + n));
      const consumer = fold.consumer(trial.store);
      await consumer.start();
      await consumer.caughtUp();
      await trial.add('in', last + 5.5);
      if (earlier !== undefined) await checkRejects(earlier.closed, 'ARS_FENCED', 'a consumer that was taken over');
      await consumer.caughtUp();
      earlier = consumer;
    }
    await fold.expectExact(upTo(20).flatMap((n) => (n % 5 === 0 ? [n, n + 0.5] : [n])));
  });
}

/** A process dies at a point, for the first or a later call that comes there; the next one goes on. */
function survivesDeathAt(point: FaultPoint): Behaviour {
  return {
    name: `a process that dies ${point.replace('-', ' a ')} leaves an exact fold`,
    check: (trial) =>
      withFold(trial, async (fold) => {
        let last = 0;
        for (const skip of [0, 1, 2]) {
          await trial.add('in', ...upTo(8).map((n) => last + n));
          await dieAt(trial, fold, point, skip);
          await fold.complete();
          last += 8;
          await fold.expectExact(upTo(last));
        }
      }),
  };
}

async function dieAt(trial: Trial, fold: Fold, point: FaultPoint, skip: number): Promise<void> {
  const plan = createFaultPlan();
  plan.next(point, 'kill', skip);
  const store = faultyStore(trial.store, plan);
  const consumer = fold.consumer(store, { leaseMs: 100, stopTimeoutMs: 20 });
  await startQuietly(consumer);
  if (!store.isKilled) await Promise.race([store.killed, settledOr(consumer.caughtUp())]);
  await consumer.stop();
  store.kill();
}

async function settledOr(promise: Promise<void>): Promise<void> {
  await promise.catch(() => {});
}

async function resolvesLostAnswers(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(12));
    const plan = createFaultPlan();
    plan.next('after-commit', 'lose');
    plan.next('before-commit', 'lose', 2);
    plan.next('after-commit', 'cut', 1);
    const consumer = fold.consumer(faultyStore(trial.store, plan));
    await consumer.start();
    await consumer.caughtUp();
    const { recoveries, rewinds } = consumer.stats();
    await consumer.stop();
    await fold.expectExact(upTo(12));
    checkEqual([recoveries, rewinds], [3, 0], 'how often the consumer looked, and how often it was rewound');
    const { history } = await trial.home();
    if (history !== undefined)
      checkEqual(
        [...fold.calls.values()],
        upTo(12).map(() => 1),
        'handler calls of each message',
      );
  });
}

async function fencesLateCommits(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(9));
    const plan = createFaultPlan();
    const held = plan.next('before-commit', 'delay', 1);
    const first = fold.consumer(faultyStore(trial.store, plan));
    await first.start();
    await held.reached;
    await fold.complete();
    const answer = (await held.release()) as { readonly outcome: string };
    checkEqual(answer.outcome, 'fenced', 'a commit that was on its way when its owner was taken over');
    await checkRejects(first.closed, 'ARS_FENCED', 'the consumer whose commit came late');
    await fold.expectExact(upTo(9));
  });
}

async function ignoresDuplicates(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(9));
    const plan = createFaultPlan();
    const copies = [0, 0, 0].map(() => plan.next('before-commit', 'duplicate'));
    const consumer = fold.consumer(faultyStore(trial.store, plan));
    await consumer.start();
    await copies[1]!.reached;
    await copies[0]!.release();
    await consumer.caughtUp();
    for (const copy of copies) await copy.release();
    await trial.add('in', 10);
    await consumer.caughtUp();
    await consumer.stop();
    await fold.expectExact(upTo(10));
  });
}

async function isolatesRefusals(trial: Trial): Promise<void> {
  await trial.subject.addEntry(trial.stream('full'), ['n', '1'], '18446744073709551615-18446744073709551615');
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(9));
    const consumer = fold.consumer(trial.store, {
      retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 2 },
      handler: (message, transaction) => {
        fold.handle(message, transaction);
        if (message['n'] === '5') transaction.publish(trial.stream('full'), { n: 5 });
      },
    });
    await consumer.start();
    await checkRejects(consumer.closed, 'ARS_COMMIT', 'a consumer of a message that the store refuses');
    await fold.expectExact(upTo(4));
    await fold.complete();
    await fold.expectExact(upTo(9));
  });
}

const POINTS = (['read', 'claim', 'commit', 'release'] as const).flatMap(
  (call) => [`before-${call}`, `after-${call}`] as const,
);

/** What a consumer makes of the store: the promises to users, on this store. */
export const LAWS: BehaviourGroup = {
  group: 'consumer laws',
  behaviours: [
    { name: 'a consumer folds each message once, in order, across restarts', check: foldsAcrossRestarts },
    { name: 'a consumer that is taken over is fenced, and the fold is exact', check: foldsAcrossTakeovers },
    ...POINTS.map(survivesDeathAt),
    { name: 'lost answers are resolved, and what is committed is not handled again', check: resolvesLostAnswers },
    { name: 'a commit that comes after a takeover has no effect', check: fencesLateCommits },
    { name: 'commits that arrive twice have one effect', check: ignoresDuplicates },
    { name: 'a message that the store refuses takes nothing with it', check: isolatesRefusals },
  ],
};
