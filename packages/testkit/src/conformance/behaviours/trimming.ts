import type { EntryId, Retention } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { publishOf } from '../owner.js';
import type { Trial } from '../trial.js';

const LOT = 12_000;
const CALL_MAX = 11_000;
/** A store may keep so many more than it is asked for, where that is cheaper. */
export const SLACK = 200;

async function idsIn(trial: Trial, name: string): Promise<EntryId[]> {
  return (await trial.look(name)).entries.map(({ id }) => id);
}

async function keepsUncommitted(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4, 5, 6);
  const [stream, first] = [trial.stream('in'), await trial.own()];
  checkEqual(await trial.store.trim(stream, 'consumed'), 0, 'what goes before the first commit');
  await first.commit({ cursors: [trial.cursor('in', ids[3], 4)] });
  const second = await trial.own({ consumerId: 'second' }, [trial.cursor('in', ids[1], 2)]);
  checkEqual(await trial.store.trim(stream, 'consumed'), 1, 'what goes below the position of the slower one');
  checkEqual(await idsIn(trial, 'in'), ids.slice(1), 'what is left: the last committed entry and all behind it');
  checkEqual(await trial.store.trim(stream, 'consumed'), 0, 'what goes, asked again');
  await second.commit({ cursors: [trial.cursor('in', ids[5], 6)] });
  checkEqual(await trial.store.trim(stream, 'consumed'), 2, 'what goes after the slower one has passed');
  checkEqual(await idsIn(trial, 'in'), ids.slice(3), 'what is left then');
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', ids[3], 4));
  checkEqual([read.lost, read.entries.length], [0, 2], 'lost entries and new ones for the slower one');
}

async function needsConsumers(trial: Trial): Promise<void> {
  await trial.add('in', 1, 2, 3);
  checkEqual(await trial.store.trim(trial.stream('in'), 'consumed'), 0, 'what goes of a stream without consumers');
  for (const retention of ['consumed', { maxLength: 0 }, { maxAge: 0 }] satisfies Retention[]) {
    checkEqual(await trial.store.trim(trial.stream('nowhere'), retention), 0, 'what goes of a missing stream');
  }
  checkEqual((await trial.look('in')).entries.length, 3, 'what is left');
}

async function holdsWhateverIsAsked(trial: Trial): Promise<void> {
  for (const [index, retention] of [{ maxLength: 0 }, { maxAge: 1 }].entries()) {
    const name = `in${index}`;
    const ids: EntryId[] = [];
    for (let n = 1; n <= 6; n += 1) ids.push(await trial.subject.addEntry(trial.stream(name), ['n', `${n}`], `${n}-0`));
    const address = { streams: [trial.stream(name)] };
    await trial.own(address, [trial.cursor(name, ids[3], 4)]);
    await trial.store.register(trial.address({ ...address, readsHere: false }), [trial.cursor(name, ids[2], 3)]);
    const count = await trial.store.trim(trial.stream(name), retention);
    const left = await idsIn(trial, name);
    checkEqual(left, ids.slice(count), 'what is left: the newest');
    check(left[0]! <= ids[2]!, `${JSON.stringify(retention)} keeps what a registered consumer has not committed`);
  }
}

async function keepsNewest(trial: Trial): Promise<void> {
  const stream = trial.stream('out');
  const owner = await trial.own();
  await owner.commit({ publishes: Array.from({ length: 1_000 }, (_, n) => publishOf(stream, String(n))) });
  const before = await trial.look('out');
  const kept: Retention[] = [{ maxLength: 1_000 }, { maxLength: 5_000 }, { maxAge: 3_600_000 }];
  for (const retention of kept) {
    checkEqual(await trial.store.trim(stream, retention), 0, `what goes by ${JSON.stringify(retention)}`);
  }
  const count = await trial.store.trim(stream, { maxLength: 300 });
  const after = await trial.look('out');
  checkEqual(after, { ...before, entries: before.entries.slice(count) }, 'what is left: the newest, and the counters');
  const { length } = after.entries;
  check(length >= 300 && length <= 300 + SLACK, `about 300 of 1,000 entries are left, got ${length}`);
}

async function keepsYoung(trial: Trial): Promise<void> {
  const stream = trial.stream('in');
  for (const id of ['1-0', '2-0', '2-1', '90-7']) await trial.subject.addEntry(stream, ['n', id], id);
  const young = await trial.add('in', 1, 2, 3);
  checkEqual(await trial.store.trim(stream, { maxAge: 9_007_199_254_740_991 }), 0, 'what is older than time itself');
  checkEqual(await trial.store.trim(stream, { maxAge: 3_600_000 }), 4, 'how many are older than an hour');
  checkEqual(await idsIn(trial, 'in'), young, 'what is left: the young');
}

async function goesInParts(trial: Trial): Promise<void> {
  const [stream, owner] = [trial.stream('out'), await trial.own()];
  const half = Array.from({ length: LOT / 2 }, (_, n) => publishOf(stream, String(n)));
  for (let turn = 0; turn < 2; turn += 1) await owner.commit({ publishes: half });
  const reader = await trial.reader();
  let gone = 0;
  for (let calls = 1; gone < LOT - SLACK; calls += 1) {
    const count = await trial.store.trim(stream, { maxLength: 0 });
    check(count > 0 && count <= CALL_MAX, `one call removes at most some 10,000 of ${LOT} entries, got ${count}`);
    check(calls < 100, 'some calls remove all');
    gone += count;
    const read = await trial.readOnce(reader, trial.cursor('out'), { maxEntries: 0 });
    checkEqual(read.lost, gone, 'how many are gone');
  }
}

async function roundsDown(trial: Trial): Promise<void> {
  const stream = trial.stream('in');
  const ids = await trial.add('in', 1, 2, 3, 4, 5);
  const count = await trial.store.trim(stream, { maxLength: 2.5 });
  check(Number.isInteger(count), `whole entries go, got ${count}`);
  const left = await idsIn(trial, 'in');
  checkEqual(left, ids.slice(count), 'what is left: the newest');
  check(left.length >= 2 && left.length <= 2 + SLACK, `about 2 entries are left, got ${left.length}`);
  checkEqual(await trial.store.trim(stream, { maxAge: 3_600_000.5 }), 0, 'how many are older than an hour');
  const added = await trial.add('in', 6);
  checkEqual(await idsIn(trial, 'in'), [...left, ...added], 'what is there after one more was added');
}

async function refusesWrongBounds(trial: Trial): Promise<void> {
  const stream = trial.stream('in');
  const ids = await trial.add('in', 1, 2, 3);
  for (const wrong of [-1, -0.5, Number.NaN, Infinity, -Infinity]) {
    for (const retention of [{ maxLength: wrong }, { maxAge: wrong }]) {
      const [[name]] = Object.entries(retention) as [[string, number]];
      await checkRejects(trial.store.trim(stream, retention), 'ARS_CONFIGURATION', `trimming by ${name} ${wrong}`);
    }
  }
  checkEqual(await idsIn(trial, 'in'), ids, 'what is left');
}

/** Where a call is quick, the clock mostly is still at the entry's own millisecond; if it moved on, the answer is the same. */
async function keepsOnlyYounger(trial: Trial): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) {
    await trial.add('in', turn);
    checkEqual(await trial.store.trim(trial.stream('in'), { maxAge: 0 }), 1, 'how many are not younger than 0 ms');
  }
}

/** What `trim` removes, and what it never does (P22). */
export const TRIMMING: BehaviourGroup = {
  group: 'trimming',
  behaviours: [
    { name: 'what is consumed goes, up to the last entry that every registered consumer has committed', check: keepsUncommitted },
    { name: 'without registered consumers nothing is consumed', check: needsConsumers },
    { name: 'a length or an age never removes what a registered consumer has not committed', check: holdsWhateverIsAsked },
    { name: 'a length keeps about so many of the newest, and all counters', check: keepsNewest },
    { name: 'an age keeps what is younger, by the clock of the store', check: keepsYoung },
    { name: 'an age lets go what is exactly that old', check: keepsOnlyYounger },
    { name: 'a length or an age is rounded down to whole entries and milliseconds', check: roundsDown },
    { name: 'a length or an age that is negative or not finite is refused', check: refusesWrongBounds },
    { name: 'one call removes at most some 10,000 entries', check: goesInParts },
  ],
}; // prettier-ignore
