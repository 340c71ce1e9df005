import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { withFold } from '../laws/fold.js';
import type { Trial } from '../trial.js';

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

async function reportsGaps(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(5));
    await fold.complete();
    await trial.add('in', 6, 7, 8, 9);
    await trial.hook('trimStream')(trial.stream('in'), 2);
    const starting = fold.consumer(trial.store).start();
    const error = await checkRejects(starting, 'ARS_STREAM_GAP', 'a start behind trimmed entries');
    checkEqual((error as { details: { lost?: unknown } }).details.lost, 2, 'how many entries are lost');
    const { count } = JSON.parse(await attributes(trial)) as { count: number };
    checkEqual(count, 5, 'what was folded before the gap');
  });
}

async function reportsRegression(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(5));
    await fold.complete();
    await trial.hook('deleteStream')(trial.stream('in'));
    const before = await trial.picture(['out']);
    const starting = fold.consumer(trial.store).start();
    await checkRejects(starting, 'ARS_STREAM_REGRESSED', 'a start on a stream that was deleted');
    checkEqual(await trial.picture(['out']), before, 'everything, before and after the refused start');
  });
}

async function refusesLostParts(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    await trial.add('in', ...upTo(3));
    await fold.complete();
    for (const what of ['state', 'record'] as const) {
      await trial.hook('evict')(what, trial.address());
      const before = await trial.picture(['in', 'out']);
      await checkRejects(fold.consumer(trial.store).start(), 'ARS_STATE_LOST', `a start after the ${what} was evicted`);
      checkEqual(await trial.picture(['in', 'out']), before, 'everything, before and after the refused start');
    }
  });
}

async function survivesDisconnects(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    const consumer = fold.consumer(trial.store);
    await consumer.start();
    for (let last = 0; last < 20; last += 5) {
      await trial.add('in', ...upTo(5).map((n) => last + n));
      await trial.hook('disconnect')();
      await consumer.caughtUp();
    }
    await consumer.stop();
    await fold.expectExact(upTo(20));
  });
}

async function followsOlderCopies(trial: Trial): Promise<void> {
  await withFold(trial, async (fold) => {
    const consumer = fold.consumer(trial.store);
    await trial.add('in', ...upTo(5));
    await consumer.start();
    await consumer.caughtUp();
    const copy = await trial.hook('olderCopy')();
    await trial.add('in', 6, 7, 8);
    await consumer.caughtUp();
    await copy.restore();
    await trial.add('in', 9, 10);
    await consumer.caughtUp();
    check(consumer.stats().rewinds > 0, 'a consumer whose commits were lost is rewound');
    checkEqual(consumer.state.count, 7, 'the state in memory after the rewind');
    await consumer.stop();
    await fold.expectExact([1, 2, 3, 4, 5, 9, 10]);
  });
}

async function attributes(trial: Trial): Promise<string> {
  const { inspection } = await trial.picture([]);
  const pairs = Array.from(
    inspection.state?.attributes ?? [],
    ([name, value]) => `${JSON.stringify(name)}:${String(value)}`,
  );
  return `{${pairs.join(',')}}`;
}

/** What a consumer makes of content that vanished. */
export const LOSS_LAWS: BehaviourGroup = {
  group: 'consumer laws on loss',
  behaviours: [
    { name: 'entries trimmed unread end a start, with their number', needs: ['trimStream'], check: reportsGaps },
    { name: 'a stream that was deleted ends a start', needs: ['deleteStream'], check: reportsRegression },
    { name: 'a consumer of which a part was evicted does not start', needs: ['evict'], check: refusesLostParts },
    { name: 'a consumer carries on over lost connections', needs: ['disconnect'], check: survivesDisconnects },
    {
      name: 'a consumer is rewound to an older copy, and the fold is exact',
      needs: ['olderCopy'],
      check: followsOlderCopies,
    },
  ],
};
