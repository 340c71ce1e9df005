import type { StartPoint } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { checkEqual, checkRejects } from '../check.js';
import type { Trial } from '../trial.js';

async function locates(trial: Trial, start: StartPoint, position: string, read: number): Promise<void> {
  const cursor = await (await trial.reader()).locate(trial.stream('in'), start);
  checkEqual(cursor, trial.cursor('in', position, read), `the start ${JSON.stringify(start)}`);
}

async function locatesEnds(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  await locates(trial, 'beginning', '0-0', 0);
  await locates(trial, 'end', ids[2]!, 3);
}

async function locatesIds(trial: Trial): Promise<void> {
  for (const id of ['10-0', '20-0', '30-5']) await trial.subject.addEntry(trial.stream('in'), ['n', id], id);
  await locates(trial, { fromId: '20-0' }, '10-0', 1);
  await locates(trial, { fromId: '15-3' }, '10-0', 1);
  await locates(trial, { fromId: '30-5' }, '20-0', 2);
  await locates(trial, { fromId: '1-0' }, '0-0', 0);
  await locates(trial, { fromId: '0-0' }, '0-0', 0);
}

async function refusesBeyond(trial: Trial): Promise<void> {
  await trial.subject.addEntry(trial.stream('in'), ['n', '1'], '10-0');
  const locating = (await trial.reader()).locate(trial.stream('in'), { fromId: '10-1' });
  await checkRejects(locating, 'ARS_CONFIGURATION', 'a start beyond the last ID');
}

async function locatesMissing(trial: Trial): Promise<void> {
  for (const start of ['beginning', 'end', { fromId: '5-0' }] as const) await locates(trial, start, '0-0', 0);
}

async function losesNothingAtStart(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4, 5, 6);
  await trial.hook('trimStream')(trial.stream('in'), 4);
  await trial.hook('deleteEntries')(trial.stream('in'), [ids[3]!]);
  const reader = await trial.reader();
  const starts: [StartPoint, string[]][] = [
    ['beginning', [ids[2]!, ids[4]!, ids[5]!]],
    [{ fromId: ids[4]! }, [ids[4]!, ids[5]!]],
    ['end', []],
  ];
  for (const [start, expected] of starts) {
    const read = await trial.readOnce(reader, await reader.locate(trial.stream('in'), start));
    checkEqual(
      read.entries.map(({ id }) => id),
      expected,
      `what is read from ${JSON.stringify(start)}`,
    );
    checkEqual(
      [read.lost, read.regressed, read.cursor.read],
      [0, false, 6],
      `the account from ${JSON.stringify(start)}`,
    );
  }
}

async function startsBehindNothing(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  await trial.hook('deleteEntries')(trial.stream('in'), ids);
  const reader = await trial.reader();
  const cursor = await reader.locate(trial.stream('in'), 'end');
  const [next] = await trial.add('in', 3);
  const read = await trial.readOnce(reader, cursor);
  checkEqual([read.lost, read.entries.map(({ id }) => id)], [0, [next]], 'what follows the end of an emptied stream');
}

async function refusesForeignKeys(trial: Trial): Promise<void> {
  await trial.hook('occupy')(trial.stream('in'));
  const locating = (await trial.reader()).locate(trial.stream('in'), 'beginning');
  await checkRejects(locating, 'ARS_CONFIGURATION', 'a start in what is not a stream');
}

/** What `locate` answers. */
export const LOCATING: BehaviourGroup = {
  group: 'locating',
  behaviours: [
    { name: 'the beginning is before everything, the end at the last entry', check: locatesEnds },
    { name: 'an ID is inclusive: the cursor is at the last entry before it', check: locatesIds },
    { name: 'an ID beyond the last one is refused', check: refusesBeyond },
    { name: 'a missing stream is located at 0-0 for every start', check: locatesMissing },
    {
      name: 'what vanished before the start is never lost',
      needs: ['trimStream', 'deleteEntries'],
      check: losesNothingAtStart,
    },
    {
      name: 'the end of a stream without entries is before the next one',
      needs: ['deleteEntries'],
      check: startsBehindNothing,
    },
    { name: 'what is not a stream is refused', needs: ['occupy'], check: refusesForeignKeys },
  ],
};
