import type { EntryId, MoveRequest, StoredFields } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { publishOf } from '../owner.js';
import type { Trial } from '../trial.js';

/** Asks to move these entries of `in` to `out`; the field tells each from what it was. */
function requestOf(trial: Trial, ids: readonly EntryId[], to = 'out'): MoveRequest {
  const entries = ids.map((id) => ({ id, fields: ['n', `moved ${id}`] }));
  return { from: trial.stream('in'), to: trial.stream(to), entries };
}

function movedOf(ids: readonly EntryId[]): string[] {
  return ids.map((id) => `moved ${id}`);
}

async function moves(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4);
  await trial.add('out', 'there before');
  const fields: StoredFields = ['a', '1', 'bytes', Uint8Array.from([0xff, 0x00]), 'a', '2'];
  const entries = [{ id: ids[1]!, fields }, { id: ids[3]!, fields: ['n', 'last'] }]; // prettier-ignore
  const request = { from: trial.stream('in'), to: trial.stream('out'), entries };
  checkEqual({ ...(await trial.store.move(request)) }, { moved: 2, held: 0 }, 'the answer to a move');
  checkEqual(await trial.values('in'), ['1', '3'], 'what stays');
  const found = (await trial.look('out')).entries.map((entry) => entry.fields);
  checkEqual(found, [['n', 'there before'], fields, ['n', 'last']], 'what is in the other stream');
  checkEqual({ ...(await trial.store.move({ ...request, entries: [] })) }, { moved: 0, held: 0 }, 'a move of nothing');
}

async function movesOnce(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  const request = requestOf(trial, ids.slice(0, 2));
  checkEqual({ ...(await trial.store.move(request)) }, { moved: 2, held: 0 }, 'the first move');
  for (let turn = 0; turn < 3; turn += 1) {
    checkEqual({ ...(await trial.store.move(request)) }, { moved: 0, held: 0 }, 'the same move again');
  }
  checkEqual({ ...(await trial.store.move(requestOf(trial, ids))) }, { moved: 1, held: 0 }, 'a move of one more');
  checkEqual(await trial.values('out'), movedOf(ids), 'what was moved');
  checkEqual(await trial.values('in'), [], 'what is left');
  const missing = { ...request, from: trial.stream('nowhere') };
  checkEqual({ ...(await trial.store.move(missing)) }, { moved: 0, held: 0 }, 'a move from a missing stream');
}

async function movesOnceAtOnce(trial: Trial): Promise<void> {
  const ids = await trial.add('in', ...Array.from({ length: 20 }, (_, n) => n));
  const overlapping = [0, 5, 10].flatMap((from) => [requestOf(trial, ids.slice(from)), requestOf(trial, ids)]);
  const answers = await Promise.all(overlapping.map((request) => trial.store.move(request)));
  checkEqual(answers.reduce((sum, { moved }) => sum + moved, 0), 20, 'how many all together moved'); // prettier-ignore
  const values = (await trial.values('out')).map(String);
  checkEqual(values.sort(), movedOf(ids).sort(), 'what was moved, each once');
  checkEqual(await trial.values('in'), [], 'what is left');
}

async function movesMany(trial: Trial): Promise<void> {
  const owner = await trial.own({ streams: [trial.stream('other')] });
  const publishes = Array.from({ length: 1_000 }, (_, n) => publishOf(trial.stream('in'), String(n)));
  await owner.commit({ publishes });
  const ids = (await trial.look('in')).entries.map(({ id }) => id);
  checkEqual((await trial.store.move(requestOf(trial, ids))).moved, 1_000, 'how many of 1,000 are moved');
  checkEqual(await trial.values('out'), movedOf(ids), 'all of them, in their order');
}

async function holdsUncommitted(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4);
  const owner = await trial.own({}, [trial.cursor('in', ids[2], 3)]);
  const foreign = trial.address({ readsHere: false });
  await trial.store.register(foreign, [trial.cursor('in', ids[1], 2)]);
  const request = requestOf(trial, ids);
  checkEqual({ ...(await trial.store.move(request)) }, { moved: 2, held: 2 }, 'a move ahead of two consumers');
  checkEqual({ ...(await trial.store.move(request)) }, { moved: 0, held: 2 }, 'the same again');
  checkEqual(await trial.values('in'), ['3', '4'], 'what is held');
  await trial.store.unregister(foreign);
  await owner.commit({ cursors: [trial.cursor('in', ids[3], 4)] });
  checkEqual({ ...(await trial.store.move(request)) }, { moved: 2, held: 0 }, 'a move of what is committed');
  checkEqual(await trial.values('out'), movedOf(ids), 'what was moved');
}

async function passesOverGone(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  await trial.hook('deleteEntries')(trial.stream('in'), [ids[1]!]);
  checkEqual(
    { ...(await trial.store.move(requestOf(trial, ids))) },
    { moved: 2, held: 0 },
    'a move of one that is gone',
  );
  checkEqual(await trial.values('out'), movedOf([ids[0]!, ids[2]!]), 'what was moved');
}

async function leavesNothing(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  await trial.subject.addEntry(trial.stream('full'), ['n', '1'], '18446744073709551615-18446744073709551615');
  const before = [await trial.look('in'), await trial.look('full')];
  await checkRejects(
    trial.store.move(requestOf(trial, ids, 'full')),
    'ARS_COMMIT',
    'a move to a stream without IDs left',
  );
  checkEqual([await trial.look('in'), await trial.look('full')], before, 'both streams, before and after it');
}

async function refusesOwnNames(trial: Trial): Promise<void> {
  const own = trial.ownName;
  if (own === undefined) return;
  const request = requestOf(trial, await trial.add('in', 1));
  const what = "a move to a name of the store's own, or from it";
  await checkRejects(trial.store.move({ ...request, to: own }), 'ARS_COMMIT', what);
  await checkRejects(trial.store.move({ ...request, from: own }), 'ARS_COMMIT', what);
  checkEqual(await trial.values('in'), ['1'], 'what is left');
}

async function refusesItself(trial: Trial): Promise<void> {
  const request = requestOf(trial, await trial.add('in', 1), 'in');
  const answer: unknown = await trial.store.move(request).catch((error: unknown) => error);
  check(answer instanceof TypeError, `a move from a stream to itself is a TypeError, got ${String(answer)}`);
  checkEqual(await trial.values('in'), ['1'], 'what is left');
}

async function needsNoTarget(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  await trial.subject.addEntry(trial.stream('full'), ['n', '1'], '18446744073709551615-18446744073709551615');
  await trial.store.register(trial.address({ readsHere: false }), [trial.cursor('in', ids[0], 1)]);
  const gone = requestOf(trial, ['1-1'], 'full');
  checkEqual({ ...(await trial.store.move(gone)) }, { moved: 0, held: 0 }, 'a move of what is gone');
  const held = requestOf(trial, [ids[1]!], 'full');
  checkEqual({ ...(await trial.store.move(held)) }, { moved: 0, held: 1 }, 'a move of what is held');
  checkEqual(await trial.values('in'), ['1', '2'], 'what is left');
}

/** What `move` moves, and how often. */
export const MOVING: BehaviourGroup = {
  group: 'moving',
  behaviours: [
    { name: 'a move takes entries from one stream and appends them to another, as told', check: moves },
    { name: 'an entry is moved once, however often it is asked', check: movesOnce },
    { name: 'an entry is moved once, also when all ask at once', check: movesOnceAtOnce },
    { name: '1,000 entries are moved in their order', check: movesMany },
    { name: 'what a registered consumer has not committed is held', check: holdsUncommitted },
    { name: 'what is gone is passed over', needs: ['deleteEntries'], check: passesOverGone },
    { name: 'a move with nothing to take is not refused for its target', check: needsNoTarget },
    { name: "a move to or from a name that is the store's own is refused", check: refusesOwnNames },
    { name: 'a move from a stream to itself is a bug of its caller', check: refusesItself },
    { name: 'a move that is refused leaves both streams as they were', check: leavesNothing },
  ],
};
