import type { RegisteredConsumer } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

/** The positions in a stream's registry, lowest name first; every consumer is there once. */
async function positionsIn(trial: Trial, name: string): Promise<string[]> {
  return (await registeredIn(trial, name)).map(({ position }) => position);
}

async function registeredIn(trial: Trial, name: string): Promise<RegisteredConsumer[]> {
  const listed = await trial.store.consumers(trial.stream(name));
  const names = listed.map((one) => one.name);
  check(names.every((one) => typeof one === 'string' && one !== ''), 'registered consumers have names'); // prettier-ignore
  checkEqual(new Set(names).size, names.length, 'how many different names registered consumers have');
  return [...listed].sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function followsCommits(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  checkEqual(await registeredIn(trial, 'in'), [], 'the consumers of a stream that nobody reads');
  const owner = await trial.own({}, [trial.cursor('in', ids[0], 1)]);
  checkEqual(await positionsIn(trial, 'in'), [ids[0]], 'the position after a claim');
  await owner.commit({ cursors: [trial.cursor('in', ids[1], 2)] });
  checkEqual(await positionsIn(trial, 'in'), [ids[1]], 'the position after a commit');
  await trial.own({}, [trial.cursor('in', '0-0', 0)]);
  checkEqual(await positionsIn(trial, 'in'), [ids[1]], 'the position after a takeover');
  await trial.own({ consumerId: 'other' }, [trial.cursor('in', ids[2], 3)]);
  checkEqual((await positionsIn(trial, 'in')).sort(), [ids[1], ids[2]], 'the positions of two consumers');
  checkEqual(await registeredIn(trial, 'other'), [], 'the consumers of another stream');
}

async function leavesOutElsewhere(trial: Trial): Promise<void> {
  const owner = await trial.own({ consumerId: 'relay', readsHere: false }, [trial.cursor('in', '5-0', 5)]);
  await owner.commit({ cursors: [trial.cursor('in', '7-0', 7)] });
  checkEqual(await registeredIn(trial, 'in'), [], 'the registry here of a stream that is read elsewhere');
}

async function keepsForeignApart(trial: Trial): Promise<void> {
  const [id] = await trial.add('in', 1);
  await trial.own({}, [trial.cursor('in', '0-0', 0)]);
  const foreign = trial.address({ readsHere: false });
  await trial.store.register(foreign, [trial.cursor('in', id, 1)]);
  checkEqual((await positionsIn(trial, 'in')).sort(), ['0-0', id], 'one that commits here, one that commits elsewhere');
  await trial.store.register(trial.address({ readsHere: false, consumerId: 'more' }), [trial.cursor('in', '0-1', 0)]);
  checkEqual(
    (await registeredIn(trial, 'in')).length,
    3,
    'how many are registered with another that commits elsewhere',
  );
  const { record } = await (await trial.home({ consumerId: 'more' })).inspect();
  checkEqual(record, undefined, 'the record of a consumer that commits elsewhere');
}

async function notesPositions(trial: Trial): Promise<void> {
  await trial.add('in', 1, 2);
  const foreign = trial.address({ readsHere: false, streams: ['in', 'more'].map((name) => trial.stream(name)) });
  await trial.store.register(foreign, [trial.cursor('in', '3-0', 3), trial.cursor('more', '4-0', 4)]);
  await trial.store.register(foreign, [trial.cursor('in', '9-0', 9)]);
  checkEqual([await positionsIn(trial, 'in'), await positionsIn(trial, 'more')], [['9-0'], ['4-0']], 'noted positions');
  await trial.store.register(foreign, [trial.cursor('in', '2-0', 2)]);
  checkEqual(await positionsIn(trial, 'in'), ['2-0'], 'the position of a consumer that was rewound');
  await trial.store.register(foreign, []);
  checkEqual(await positionsIn(trial, 'in'), ['2-0'], 'the position after a note of none');
}

async function unregisters(trial: Trial): Promise<void> {
  const streams = ['in', 'more'].map((name) => trial.stream(name));
  const both = { streams, scope: '*' };
  checkEqual(await trial.store.unregister(trial.address(both)), false, 'whether one that never was is registered');
  const owner = await trial.own(both);
  await owner.commit({ state: stateOf({ a: '1' }) });
  await trial.own({ consumerId: 'other' });
  const before = await trial.picture([], both);
  checkEqual(await trial.store.unregister(trial.address(both)), true, 'whether it was registered');
  checkEqual([(await registeredIn(trial, 'in')).length, await registeredIn(trial, 'more')], [1, []], 'who is left');
  const after = await trial.picture([], both);
  const expected = { ...before, inspection: { ...before.inspection, isRegistered: false } };
  checkEqual(after, expected, 'everything but the registries');
  checkEqual(await trial.store.unregister(trial.address(both)), false, 'whether it was registered, asked again');
  await owner.commit({ cursors: [{ stream: streams[0]!, position: '0-0', read: 0 }] });
  checkEqual((await registeredIn(trial, 'in')).length, 2, 'who is registered after the next commit');
}

async function registersAgain(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3, 4);
  const stream = trial.stream('in');
  const owner = await trial.own();
  await owner.commit({ cursors: [trial.cursor('in', ids[1], 2)] });
  await trial.store.unregister(trial.address());
  const next = await trial.own({}, []);
  checkEqual(await positionsIn(trial, 'in'), [ids[1]], 'the position after the claim of one that was taken out');
  const { isRegistered } = await next.home.inspect();
  checkEqual(isRegistered, true, 'whether it is registered');
  await trial.store.trim(stream, { maxLength: 0 });
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', ids[1], 2));
  const left = read.entries.map(({ id }) => id);
  checkEqual([read.lost, left], [0, ids.slice(2)], 'what trimming leaves of what it has not committed');
}

async function unregistersForeign(trial: Trial): Promise<void> {
  const foreign = trial.address({ readsHere: false });
  await trial.store.register(foreign, [trial.cursor('in', '3-0', 3)]);
  checkEqual(await trial.store.unregister(foreign), true, 'whether one that commits elsewhere was registered');
  checkEqual(await registeredIn(trial, 'in'), [], 'who is left');
  await trial.store.register(foreign, [trial.cursor('in', '3-0', 3)]);
  const asked = await trial.store.unregister(trial.address({ stateName: null }));
  checkEqual(asked, true, 'whether it was registered, asked by who does not know where it commits');
  checkEqual(await registeredIn(trial, 'in'), [], 'who is left then');
}

/** Who holds back the trimming of a stream (P22). */
export const REGISTERING: BehaviourGroup = {
  group: 'registering',
  behaviours: [
    { name: 'claims and commits register a consumer with its position', check: followsCommits },
    { name: 'a consumer that reads elsewhere is registered with no stream here', check: leavesOutElsewhere },
    { name: 'a consumer that commits elsewhere is never taken for one that commits here', check: keepsForeignApart },
    { name: 'a position noted later replaces the earlier one, also when it is lower', check: notesPositions },
    { name: 'unregistering takes a consumer out of all its registries, and touches nothing else', check: unregisters },
    {
      name: 'who was taken out of a registry is in it again from the next claim on, as committed',
      check: registersAgain,
    },
    { name: 'unregistering finds a consumer that commits elsewhere, too', check: unregistersForeign },
  ],
};
