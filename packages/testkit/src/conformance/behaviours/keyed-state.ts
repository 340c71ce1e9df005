import { isArsError, type LoadAnswer, type StoredValue } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { commitOf, freshToken, type Owner, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

/** The address of a consumer with one small state a key. */
export const KEYED = { isKeyed: true };

/** Loads as the owner does. */
export async function loaded(owner: Owner, keys: readonly string[]): Promise<readonly (StoredValue | undefined)[]> {
  const answer = await owner.home.load(owner.token, keys);
  check(answer.outcome === 'loaded', `the owner loads, got ${answer.outcome}`);
  checkEqual(answer.values.length, keys.length, 'how many values are loaded');
  return answer.values;
}

const ODD_KEYS = [
  '', ' ', 'a', 'a:b', '{x}', '%3A', 'ä€😀', '__proto__', 'constructor',
  'owner', 'commit', 'commitId', 'version', 'declared', 'a:owner', 'line\nbreak', '0', '-1', 'k'.repeat(1_000),
]; // prettier-ignore

async function loadsByKey(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const bytes = Uint8Array.from([0xff, 0x00, 0xfe]);
  const values: Record<string, StoredValue> = { text: '{"a":1}', empty: '', bytes, zero: '\0' };
  await owner.commit({ state: stateOf(values) });
  const keys = ['bytes', 'missing', 'text', 'empty', 'zero', 'text', 'other'];
  const expected = keys.map((key) => values[key]);
  checkEqual(await loaded(owner, keys), expected, `the states of ${keys.join(', ')}`);
  checkEqual(await loaded(owner, []), [], 'the states of no keys');
  const second = await trial.own(KEYED);
  checkEqual(await loaded(second, keys), expected, 'the same for the next owner');
}

async function takesAnyKey(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const set = ODD_KEYS.map((key, index) => [key, `${index}`] as const);
  await owner.commit({ state: { ...stateOf({}), set } });
  checkEqual(
    await loaded(owner, ODD_KEYS),
    set.map(([, value]) => value),
    'the states of odd keys',
  );
  await owner.commit({ state: { header: undefined, set: [], deleted: ODD_KEYS } });
  const none = ODD_KEYS.map(() => undefined);
  checkEqual(await loaded(owner, ODD_KEYS), none, 'the same after all were deleted');
}

async function changesNamedKeys(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  await owner.commit({ state: stateOf({ a: '1', b: '2', c: '3' }) });
  await owner.commit({ state: { header: undefined, set: [['b', '20'], ['d', '4']], deleted: ['a', 'never'] } }); // prettier-ignore
  await owner.commit();
  const expected = [undefined, '20', '3', '4', undefined];
  checkEqual(await loaded(owner, ['a', 'b', 'c', 'd', 'never']), expected, 'the states after changes of some');
}

async function keepsKeysOut(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const header = { version: 7, serializer: 'json', declared: ['balance'] };
  await owner.commit({ state: { header, set: [['alice', '1']], deleted: [] } }); // prettier-ignore
  const { record, state } = await owner.home.inspect();
  checkEqual([record?.stateCommit, record?.serializer], [owner.base, 'json'], 'what the record knows of the state');
  const expected = [owner.base, true, 7, ['balance'], new Map()];
  const found = [state?.commitId, state?.isOwn, state?.version, state?.declared, state?.attributes];
  checkEqual(found, expected, 'keyed state in an inspection');
  const request = { expectedEpoch: 1, ownEpoch: 0, owner: freshToken(), starts: [] };
  const answer = await (await trial.home(KEYED)).claim(request);
  check(answer.outcome === 'claimed', 'the second claim is granted');
  const { state: claimed } = answer.inspection;
  checkEqual([claimed?.commitId, claimed?.attributes], [owner.base, new Map()], 'keyed state in the answer to a claim');
}

async function loadsForOwner(trial: Trial): Promise<void> {
  const home = await trial.home(KEYED);
  const stranger = { owner: freshToken(), renewal: 0 };
  checkEqual({ ...(await home.load(stranger, ['a'])) }, { outcome: 'gone', what: 'record' }, 'a load without a record');
  const first = await trial.own(KEYED);
  await first.commit({ state: stateOf({ a: '1' }) });
  const owner = await trial.own(KEYED);
  await owner.renew();
  const others = { stranger, earlier: first.token, 'the same, before a renewal': { ...owner.token, renewal: 0 } };
  for (const [who, token] of Object.entries(others)) {
    checkEqual({ ...(await home.load(token, ['a'])) }, { outcome: 'fenced' }, `a load by another token: ${who}`);
  }
  checkEqual(await loaded(owner, ['a']), ['1'], 'a load by the owner');
  await owner.home.release(owner.token);
  checkEqual({ ...(await home.load(owner.token, ['a'])) }, { outcome: 'fenced' }, 'a load after the release');
  checkEqual({ ...(await home.load({ owner: '', renewal: 1 }, ['a'])) }, { outcome: 'fenced' }, 'a load by nobody');
}

async function startsEmpty(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  checkEqual(await loaded(owner, ['a', '']), [undefined, undefined], 'states before the first commit');
  checkEqual(await owner.home.scan(undefined, 10), { states: [], next: undefined }, 'a scan before the first commit');
  await owner.commit();
  checkEqual((await owner.home.inspect()).state, undefined, 'the state after a commit without one');
  await owner.commit({ state: stateOf({}) });
  checkEqual((await owner.home.inspect()).state?.commitId, owner.base, 'who wrote keyed state without keys');
  checkEqual(await loaded(owner, ['a']), [undefined], 'a load from it');
}

async function tellsLoss(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  await owner.commit({ state: stateOf({ a: '1' }) });
  await trial.hook('evict')('state', trial.address(KEYED));
  const gone = { outcome: 'gone', what: 'state' };
  checkEqual({ ...(await owner.home.load(owner.token, ['a'])) }, gone, 'a load after the state was evicted');
  checkEqual(await owner.send({ state: stateOf({ a: '2' }) }), gone, 'a commit after the state was evicted');
  await trial.hook('evict')('record', trial.address(KEYED));
  const answer = await owner.home.load(owner.token, ['a']);
  checkEqual({ ...answer }, { outcome: 'gone', what: 'record' }, 'a load after the record was evicted');
}

async function belongsToOne(trial: Trial): Promise<void> {
  const owner = await trial.own({ ...KEYED, stateName: 'shared' });
  await owner.commit({ state: stateOf({ a: '1' }) });
  const rival = await trial.own({ ...KEYED, consumerId: 'rival', stateName: 'shared' });
  const outcome = await rival.home.load(rival.token, ['a']).then((answer: LoadAnswer) => answer.outcome, refusal);
  check(outcome !== 'loaded', "the state of another consumer's key is not loaded");
  const sent = await rival.send({ state: stateOf({ a: 'spoilt' }) }).then((answer) => answer.outcome, refusal);
  check(sent !== 'committed', `a commit into another consumer's keys is not applied, got ${sent}`);
  checkEqual(await loaded(owner, ['a']), ['1'], 'the state after both');
  await owner.commit({ state: stateOf({ a: '2' }) });
}

function refusal(error: unknown): string {
  if (isArsError(error, 'ARS_STATE_OWNERSHIP') || isArsError(error, 'ARS_COMMIT')) return 'refused';
  throw error;
}

async function holdsMany(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const keys = Array.from({ length: 5_000 }, (_, index) => `key ${index}`);
  await owner.commit({ state: { ...stateOf({}), set: keys.map((key) => [key, `state of ${key}`] as const) } });
  const asked = [...keys].reverse();
  const expected = asked.map((key) => `state of ${key}`);
  const found = await loaded(owner, asked);
  check(found.every((value, index) => value === expected[index]), '5,000 states are loaded in the order asked'); // prettier-ignore
  await owner.commit({ state: { header: undefined, set: [], deleted: keys.slice(1) } });
  checkEqual(await loaded(owner, ['key 0', 'key 1', 'key 4999']), ['state of key 0', undefined, undefined], 'what is left'); // prettier-ignore
}

async function loadsDuringCommits(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  await owner.commit({ state: stateOf({ a: '0', b: '0' }) });
  for (let turn = 1; turn <= 20; turn += 1) {
    const commit = commitOf(owner.base, { state: stateOf({ a: String(turn), b: String(turn) }) });
    const before = loaded(owner, ['a', 'b']);
    const committing = owner.home.commit(owner.token, commit);
    const loading = [before, loaded(owner, ['a', 'b']), loaded(owner, ['a', 'b'])];
    const scanning = owner.home.scan(undefined, 100);
    for (const one of [...loading, scanning]) one.catch(() => {}); // when another fails first, nobody awaits it
    checkEqual(await committing, { outcome: 'committed' }, 'a commit while loads are under way');
    owner.base = commit.commitId;
    for (const [a, b] of await Promise.all(loading)) {
      checkEqual(a, b, 'both parts of one commit, in one load');
      check(a === String(turn) || a === String(turn - 1), `a load during commit ${turn} sees ${String(a)}`);
    }
    const seen = new Set((await scanning).states.map(([key]) => key));
    checkEqual([seen.has('a'), seen.has('b')], [true, true], 'the keys that a scan during a commit sees');
  }
}

/** State that is loaded by key (P27). */
export const KEYED_STATE: BehaviourGroup = {
  group: 'keyed state',
  behaviours: [
    { name: 'states are loaded by key, in the order asked, text or bytes, empty or missing', check: loadsByKey },
    { name: 'any text can be a key', check: takesAnyKey },
    { name: 'a commit changes only the keys that it names', check: changesNamedKeys },
    { name: 'an inspection and a claim answer the header and no keys', check: keepsKeysOut },
    { name: 'only the present token loads', check: loadsForOwner },
    { name: 'before the first commit of state there are no keys', check: startsEmpty },
    { name: 'a load from what vanished is gone', needs: ['evict'], check: tellsLoss },
    { name: "a consumer never loads or overwrites another's keys", check: belongsToOne },
    { name: '5,000 keys are written, loaded and deleted at once', check: holdsMany },
    { name: 'loads and scans see whole commits while others are under way', check: loadsDuringCommits },
  ],
};
