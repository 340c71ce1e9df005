import type { StoredFields } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { type Trial, requestOf } from '../trial.js';

const TEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

async function readsInOrder(trial: Trial): Promise<void> {
  const ids = await trial.add('in', ...TEN);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in'));
  checkEqual(
    read.entries.map(({ id }) => id),
    ids,
    'the IDs that are read',
  );
  checkEqual(
    read.entries.map(({ fields }) => fields),
    TEN.map((n) => ['n', String(n)]),
    'the fields that are read',
  );
  checkEqual(read.cursor, trial.cursor('in', ids[9], 10), 'the cursor after the read');
  checkEqual([read.stream, read.lost, read.regressed], [trial.stream('in'), 0, false], 'stream, lost and regressed');
}

async function goesOn(trial: Trial): Promise<void> {
  const ids = await trial.add('in', ...TEN);
  const reader = await trial.reader();
  const seen: string[] = [];
  for (let cursor = trial.cursor('in'); seen.length < 10;) {
    const read = await trial.readOnce(reader, cursor, { maxEntries: 3 });
    check(read.entries.length > 0, `a read at ${cursor.position} gives something while something follows`);
    check(read.entries.length <= 3, `a read gives at most maxEntries entries, got ${read.entries.length}`);
    seen.push(...read.entries.map(({ id }) => id));
    checkEqual(read.cursor, trial.cursor('in', seen.at(-1), seen.length), 'the cursor after each read');
    cursor = read.cursor;
  }
  checkEqual(seen, ids, 'everything, read in parts');
  const end = await trial.readOnce(reader, trial.cursor('in', ids[9], 10));
  checkEqual([end.entries, end.cursor], [[], trial.cursor('in', ids[9], 10)], 'a read at the end');
}

async function readsAgain(trial: Trial): Promise<void> {
  const ids = await trial.add('in', ...TEN);
  const reader = await trial.reader();
  await trial.readOnce(reader, trial.cursor('in'));
  const again = await trial.readOnce(reader, trial.cursor('in', ids[3], 4));
  checkEqual(
    again.entries.map(({ id }) => id),
    ids.slice(4),
    'a read from an earlier position',
  );
  checkEqual(again.cursor, trial.cursor('in', ids[9], 10), 'its cursor');
}

async function boundsEntries(trial: Trial): Promise<void> {
  await trial.add('in', 1, 2, 3);
  await trial.add('other', 1, 2, 3);
  const cursors = [trial.cursor('in'), trial.cursor('other')];
  const reads = await (await trial.reader()).read(requestOf(cursors, { maxEntries: 2 }));
  checkEqual(
    reads.map(({ entries }) => entries.length),
    [2, 2],
    'entries of each stream with maxEntries 2',
  );
  const none = await (await trial.reader()).read(requestOf(cursors, { maxEntries: 0 }));
  checkEqual(
    none.map(({ entries, cursor }) => [entries, cursor]),
    cursors.map((one) => [[], one]),
    'maxEntries 0',
  );
}

async function boundsBytes(trial: Trial): Promise<void> {
  const text = 'x'.repeat(10_000);
  for (let n = 0; n < 200; n += 1) await trial.subject.addEntry(trial.stream('in'), ['text', text]);
  const reader = await trial.reader();
  let cursor = trial.cursor('in');
  for (let turn = 0; turn < 3; turn += 1) {
    const read = await trial.readOnce(reader, cursor, { maxBytes: 100_000 });
    const count = read.entries.length;
    check(count > 0, 'a read gives at least one entry');
    check(count <= 100, `a read of about 100 kB gives no 1 MB, got ${count} entries of 10 kB`);
    cursor = read.cursor;
  }
  const least = await trial.readOnce(reader, cursor, { maxBytes: 1 });
  check(least.entries.length >= 1, 'a read gives at least one entry, whatever maxBytes is');
}

async function readsSeveral(trial: Trial): Promise<void> {
  const [first, , third] = [await trial.add('a', 1, 2), await trial.add('b'), await trial.add('c', 3)];
  const cursors = [trial.cursor('c'), trial.cursor('a', first[0], 1), trial.cursor('b'), trial.cursor('d')];
  const reads = await (await trial.reader()).read(requestOf(cursors));
  checkEqual(
    reads.map(({ stream }) => stream),
    cursors.map(({ stream }) => stream),
    'one result a cursor, in order',
  );
  const ids = reads.map(({ entries }) => entries.map(({ id }) => id));
  checkEqual(ids, [[third[0]], [first[1]], [], []], 'what is read of each stream');
  checkEqual(
    reads.map(({ cursor }) => cursor.read),
    [1, 2, 0, 0],
    'the read counters',
  );
}

async function readsMissing(trial: Trial): Promise<void> {
  const cursor = trial.cursor('nowhere');
  const read = await trial.readOnce(await trial.reader(), cursor);
  const expected = { stream: cursor.stream, entries: [], lost: 0, cursor, regressed: false, added: 0, lastId: '0-0' };
  checkEqual({ ...read }, expected, 'a read of a missing stream');
}

async function keepsBytes(trial: Trial): Promise<void> {
  const binary = Uint8Array.from([0xff, 0xfe, 0x00, 0x80]);
  const text = 'æøå – 漢字 🙂 \u0000 \ufffd \ufeff';
  const entries: StoredFields[] = [
    ['text', text],
    ['binary', binary],
    [binary, 'name'],
    ['empty', '', '', 'no name'],
    ['utf8', Buffer.from(text)],
  ];
  for (const fields of entries) await trial.subject.addEntry(trial.stream('in'), fields);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in'));
  const expected = [...entries.slice(0, 4), ['utf8', text]];
  checkEqual(
    read.entries.map(({ fields }) => fields),
    expected,
    'text as strings, other bytes as bytes',
  );
}

async function keepsFieldOrder(trial: Trial): Promise<void> {
  const fields = ['b', '1', 'a', '2', 'b', '3', '10', '4', '9', '5', '__proto__', '6'];
  await trial.subject.addEntry(trial.stream('in'), fields);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in'));
  checkEqual(read.entries[0]?.fields, fields, 'the fields of an entry, repeated names too');
}

async function ordersIds(trial: Trial): Promise<void> {
  const ids = ['9-0', '9-2', '9-10', '10-0', '9007199254740993-1', '9007199254740993-2', '18446744073709551614-9'];
  for (const id of ids) await trial.subject.addEntry(trial.stream('in'), ['n', id], id);
  const reader = await trial.reader();
  for (const [index, id] of ids.entries()) {
    const read = await trial.readOnce(reader, trial.cursor('in', id, index + 1));
    checkEqual(
      read.entries.map((entry) => entry.id),
      ids.slice(index + 1),
      `what follows ${id}`,
    );
    checkEqual([read.lost, read.regressed], [0, false], `the account at ${id}`);
  }
}

async function readsBehindDeleted(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4);
  await trial.hook('deleteEntries')(trial.stream('in'), [ids[1]!]);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', ids[1], 2));
  checkEqual(
    read.entries.map(({ id }) => id),
    ids.slice(2),
    'what follows a position whose entry was deleted',
  );
  checkEqual([read.lost, read.regressed], [0, false], 'its account');
}

async function tellsOfStream(trial: Trial): Promise<void> {
  const ids = await trial.add('in', ...TEN);
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in'), { maxEntries: 1 });
  checkEqual([read.added, read.lastId], [10, ids[9]], 'added and lastId of a read of one entry');
}

async function vouchesForHistory(trial: Trial): Promise<void> {
  await trial.add('in', 1);
  const [reader, other, home] = [await trial.reader(), await trial.reader(), await trial.home()];
  for (const one of [reader, other]) await trial.readOnce(one, trial.cursor('in'));
  const histories = [reader.history, other.history, home.history].filter((history) => history !== undefined);
  check(new Set(histories).size <= 1, `readers and homes of one server tell one history, got ${histories.join(', ')}`);
}

/** What reading gives. */
export const READING: BehaviourGroup = {
  group: 'reading',
  behaviours: [
    { name: 'a read gives what follows the position, oldest first, and the cursor behind it', check: readsInOrder },
    { name: 'a read goes on where the last one ended, without a gap and without a repeat', check: goesOn },
    { name: 'a reader can be asked for an earlier position again', check: readsAgain },
    { name: 'maxEntries bounds what is read of each stream, and 0 reads none', check: boundsEntries },
    { name: 'maxBytes bounds a read about, and at least one entry comes', check: boundsBytes },
    { name: 'several streams give one result each, in the order asked', check: readsSeveral },
    { name: 'a missing stream is empty, neither lost nor regressed', check: readsMissing },
    { name: 'text comes back as strings, what is not UTF-8 as its bytes', check: keepsBytes },
    { name: 'fields keep their order, repeated names too', check: keepsFieldOrder },
    { name: 'IDs are ordered as pairs of 64-bit numbers', check: ordersIds },
    {
      name: 'a read goes on behind a position whose entry was deleted',
      needs: ['deleteEntries'],
      check: readsBehindDeleted,
    },
    { name: 'added and lastId tell of the whole stream', check: tellsOfStream },
    { name: 'readers and homes of one server tell the same history, or none', check: vouchesForHistory },
  ],
};
