import type { BehaviourGroup } from '../behaviour.js';
import { checkEqual } from '../check.js';
import type { Trial } from '../trial.js';

async function countsTrimmed(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4, 5);
  await trial.hook('trimStream')(trial.stream('in'), 2);
  const reader = await trial.reader();
  const read = await trial.readOnce(reader, trial.cursor('in', ids[0], 1));
  checkEqual([read.lost, read.regressed], [2, false], 'lost entries of a trimmed stream');
  checkEqual(
    read.entries.map(({ id }) => id),
    ids.slice(3),
    'what is left of it',
  );
  checkEqual(read.cursor, trial.cursor('in', ids[4], 5), 'the cursor behind the loss');
  checkEqual((await trial.readOnce(reader, read.cursor)).lost, 0, 'a loss is told once');
}

async function forgivesRead(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4, 5);
  await trial.hook('trimStream')(trial.stream('in'), 2);
  for (const count of [3, 4]) {
    const read = await trial.readOnce(await trial.reader(), trial.cursor('in', ids[count - 1], count));
    checkEqual([read.lost, read.regressed], [0, false], `lost behind position ${count} of 5, trimmed up to 3`);
  }
}

async function countsDeletedAhead(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4, 5, 6);
  const reader = await trial.reader();
  const first = await trial.readOnce(reader, trial.cursor('in'), { maxEntries: 2 });
  await trial.hook('deleteEntries')(trial.stream('in'), [ids[0]!, ids[4]!]);
  const second = await trial.readOnce(reader, first.cursor, { maxEntries: 1 });
  checkEqual(
    [second.lost, second.entries.map(({ id }) => id)],
    [1, [ids[2]]],
    'a deletion further ahead, at the first read',
  );
  const third = await trial.readOnce(reader, second.cursor);
  checkEqual([third.lost, third.entries.map(({ id }) => id)], [0, [ids[3], ids[5]]], 'the same deletion, later');
  checkEqual(third.cursor, trial.cursor('in', ids[5], 6), 'the cursor at the end');
}

async function accountsWithoutReading(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4);
  await trial.hook('trimStream')(trial.stream('in'), 1);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', ids[0], 1), { maxEntries: 0 });
  checkEqual([read.lost, read.entries], [2, []], 'a read of no entries after a loss');
  checkEqual(read.cursor, trial.cursor('in', ids[0], 3), 'its cursor: the counter moves, the position does not');
}

async function survivesEmptiness(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  const reader = await trial.reader();
  await trial.hook('deleteEntries')(trial.stream('in'), ids);
  const read = await trial.readOnce(reader, trial.cursor('in', ids[0], 1));
  checkEqual([read.lost, read.regressed, read.entries], [2, false, []], 'a stream whose entries are all gone');
  const [next] = await trial.add('in', 4);
  const later = await trial.readOnce(reader, read.cursor);
  checkEqual([later.lost, later.entries.map(({ id }) => id)], [0, [next]], 'the next entry of it');
  checkEqual(later.cursor, trial.cursor('in', next, 4), 'the cursor behind it');
}

async function noticesMissing(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  const reader = await trial.reader();
  const { cursor } = await trial.readOnce(reader, trial.cursor('in'));
  await trial.hook('deleteStream')(trial.stream('in'));
  const read = await trial.readOnce(reader, cursor);
  checkEqual(
    [read.regressed, read.entries, read.cursor],
    [true, [], trial.cursor('in', ids[1], 2)],
    'a stream deleted',
  );
  const fresh = await trial.readOnce(reader, trial.cursor('in'));
  checkEqual([fresh.regressed, fresh.lost], [false, 0], 'a deleted stream that was never read');
}

async function noticesLowerIds(trial: Trial): Promise<void> {
  const stream = trial.stream('in');
  for (const id of ['5-0', '6-0']) await trial.subject.addEntry(stream, ['n', id], id);
  await trial.hook('deleteStream')(stream);
  for (const id of ['1-0', '2-0', '3-0']) await trial.subject.addEntry(stream, ['n', id], id);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', '6-0', 2));
  checkEqual([read.regressed, read.entries, read.lost], [true, [], 0], 'a stream recreated with lower IDs');
  checkEqual(
    [read.cursor, read.lastId],
    [trial.cursor('in', '6-0', 2), '3-0'],
    'cursor and lastId of a regressed read',
  );
}

async function noticesFewerEntries(trial: Trial): Promise<void> {
  const stream = trial.stream('in');
  for (const id of ['5-0', '6-0', '7-0']) await trial.subject.addEntry(stream, ['n', id], id);
  await trial.hook('deleteStream')(stream);
  for (const id of ['8-0', '9-0']) await trial.subject.addEntry(stream, ['n', id], id);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', '7-0', 3));
  checkEqual([read.regressed, read.entries], [true, []], 'a stream recreated with higher IDs and fewer entries');
}

/** What a read tells of entries that vanished, by example. */
export const LOSS: BehaviourGroup = {
  group: 'loss',
  behaviours: [
    { name: 'entries trimmed before they were read are counted, once', needs: ['trimStream'], check: countsTrimmed },
    { name: 'entries trimmed after they were read are not lost', needs: ['trimStream'], check: forgivesRead },
    {
      name: 'entries deleted further ahead are counted by the next read',
      needs: ['deleteEntries'],
      check: countsDeletedAhead,
    },
    { name: 'a read of no entries accounts for losses', needs: ['trimStream'], check: accountsWithoutReading },
    {
      name: 'a stream whose entries are all gone is lost up to there, and goes on',
      needs: ['deleteEntries'],
      check: survivesEmptiness,
    },
    {
      name: 'a stream that was deleted is regressed for who has read it',
      needs: ['deleteStream'],
      check: noticesMissing,
    },
    { name: 'a stream recreated with lower IDs is regressed', needs: ['deleteStream'], check: noticesLowerIds },
    { name: 'a stream recreated with fewer entries is regressed', needs: ['deleteStream'], check: noticesFewerEntries },
  ],
};
