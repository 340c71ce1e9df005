import type { BehaviourGroup } from '../behaviour.js';
import type { ReadRequest, StreamCursor, StreamRead, StreamReader } from '@ars/core';
import { check, checkEqual, checkRejects } from '../check.js';
import { passed, within } from '../deadline.js';
import { requestOf, type Trial } from '../trial.js';

/** Long enough that a read which only returns at its end is noticed. */
const WAIT_MS = 4_000;
const NOTICE_MS = 3_000;

/** Reads until something comes: a store may return earlier than asked, with nothing. */
async function readUntilNews(
  reader: StreamReader,
  cursors: readonly StreamCursor[],
  changes: Partial<ReadRequest> = {},
): Promise<readonly StreamRead[]> {
  for (;;) {
    const reads = await reader.read(requestOf(cursors, { waitMs: WAIT_MS, ...changes }));
    if (reads.some(({ entries, lost, regressed }) => entries.length > 0 || lost > 0 || regressed)) return reads;
  }
}

/** Starts to wait, does something, and answers what came of the wait. */
async function wokenBy(
  trial: Trial,
  names: readonly string[],
  act: () => Promise<unknown>,
): Promise<readonly StreamRead[]> {
  const reader = await trial.reader();
  const reading = readUntilNews(
    reader,
    names.map((name) => trial.cursor(name)),
  );
  reading.catch(() => {}); // when the act fails, nobody awaits it
  await passed(20);
  await act();
  return within(NOTICE_MS, reading, 'a waiting read that has something to tell');
}

async function wakesForEntry(trial: Trial): Promise<void> {
  const [read] = await wokenBy(trial, ['in'], () => trial.add('in', 1));
  checkEqual(
    read?.entries.map(({ fields }) => fields),
    [['n', '1']],
    'what wakes a read of a stream that was missing',
  );
  const appended = { stream: trial.stream('other'), fields: ['n', '2'], idempotencyKey: undefined };
  const [other] = await wokenBy(trial, ['other'], () => trial.store.append(appended));
  checkEqual(
    other?.entries.map(({ fields }) => fields),
    [['n', '2']],
    'what wakes a read when the store appends',
  );
}

async function wakesForCommit(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const publishes = [1, 2, 3].map((n) => ({ stream: trial.stream('out'), fields: ['n', String(n)] }));
  const [read] = await wokenBy(trial, ['out'], () => owner.commit({ publishes }));
  check((read?.entries.length ?? 0) > 0, 'a commit that publishes wakes who waits for the stream');
}

async function wakesForAny(trial: Trial): Promise<void> {
  await trial.add('a', 1);
  const reads = await wokenBy(trial, ['empty', 'in'], () => trial.add('in', 7));
  checkEqual(
    reads.map(({ entries }) => entries.length),
    [0, 1],
    'what wakes a read of several streams',
  );
}

async function waitsForNothingWhenThere(trial: Trial): Promise<void> {
  await trial.add('in', 1);
  const reader = await trial.reader();
  const reads = await within(
    NOTICE_MS,
    reader.read(requestOf([trial.cursor('empty'), trial.cursor('in')], { waitMs: 30_000 })),
    'a waiting read with something there',
  );
  checkEqual(
    reads.map(({ entries }) => entries.length),
    [0, 1],
    'a waiting read that need not wait',
  );
}

async function endsWithNothing(trial: Trial): Promise<void> {
  const reader = await trial.reader();
  const reads = await within(
    NOTICE_MS,
    reader.read(requestOf([trial.cursor('in')], { waitMs: 50 })),
    'a read that waits 50 ms',
  );
  checkEqual(
    reads.map(({ entries, lost }) => [entries, lost]),
    [[[], 0]],
    'a wait in vain',
  );
}

async function endsOnClose(trial: Trial): Promise<void> {
  const reader = await trial.reader();
  const reading = reader.read(requestOf([trial.cursor('in')], { waitMs: 60_000 }));
  reading.catch(() => {});
  await passed(20);
  reader.close();
  await checkRejects(
    within(NOTICE_MS, reading, 'a read whose reader is closed'),
    'ARS_STORE_UNAVAILABLE',
    'a waiting read whose reader is closed',
  );
}

async function accountsWhileWaiting(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  await trial.hook('trimStream')(trial.stream('in'), 1);
  const reader = await trial.reader();
  const [read] = await readUntilNews(reader, [trial.cursor('in', ids[0], 1)]);
  checkEqual(read?.lost, 1, 'the account of a waiting read');
  checkEqual(
    read?.entries.map(({ id }) => id),
    [ids[2]],
    'the entries of a waiting read',
  );
  checkEqual(read?.cursor, trial.cursor('in', ids[2], 3), 'the cursor of a waiting read');
}

/** What waiting for entries gives. */
export const WAITING: BehaviourGroup = {
  group: 'waiting',
  behaviours: [
    { name: 'a waiting read is woken by an entry, also of a stream that was missing', check: wakesForEntry },
    { name: 'a waiting read is woken by a commit that publishes', check: wakesForCommit },
    { name: 'a waiting read is woken by any of its streams', check: wakesForAny },
    { name: 'a waiting read returns at once when there is something', check: waitsForNothingWhenThere },
    { name: 'a waiting read ends with nothing when its time is over', check: endsWithNothing },
    { name: 'closing a reader ends its waiting read', check: endsOnClose },
    { name: 'a waiting read accounts for what was lost', needs: ['trimStream'], check: accountsWhileWaiting },
  ],
};
