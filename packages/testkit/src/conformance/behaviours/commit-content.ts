import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { passed } from '../deadline.js';
import { commitOf, publishOf, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

async function writesEverything(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  const owner = await trial.own();
  const attempt = { stream: trial.stream('in'), id: '1-0', count: 3 };
  const cursors = [trial.cursor('in', ids[1], 2)];
  await owner.commit({
    cursors,
    attempt,
    state: stateOf({ a: '1', b: '2' }),
    publishes: [publishOf(trial.stream('out'), 'x')],
  });
  const { inspection, streams } = await trial.picture(['out']);
  const { record, state } = inspection;
  const found = [record?.commitId, record?.stateCommit, record?.serializer, record?.attempt, record?.cursors];
  checkEqual(found, [owner.base, owner.base, 'json', attempt, cursors], 'the record after a commit');
  const { attributes, commitId, declared, isOwn, version } = state!;
  checkEqual(
    attributes,
    new Map([
      ['a', '1'],
      ['b', '2'],
    ]),
    'the attributes after a commit',
  );
  checkEqual(
    [commitId, declared, isOwn, version],
    [owner.base, ['a', 'b'], true, 1],
    "the state's header after a commit",
  );
  checkEqual(
    streams[0]?.entries.map(({ fields }) => fields),
    [['n', 'x']],
    'what a commit published',
  );
}

async function isVisibleWhole(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const watcher = await trial.home();
  const reader = await trial.reader();
  for (let turn = 1; turn <= 20; turn += 1) {
    const publishes = ['out', 'more'].map((name) => publishOf(trial.stream(name), String(turn)));
    const commit = commitOf(owner.base, { publishes, state: stateOf({ turn: String(turn) }) });
    let isAnswered = false;
    const committing = owner.home.commit(owner.token, commit).finally(() => (isAnswered = true));
    committing.catch(() => {}); // when a look fails first, nobody awaits it
    while (!isAnswered) {
      await seesWholeOrNothing();
      await passed(0);
    }
    await committing;
    await seesWholeOrNothing();
    owner.base = commit.commitId;
  }

  /** Looks at one part after another: what is seen of a part must be in the next one too, and nothing is seen early. */
  async function seesWholeOrNothing(): Promise<void> {
    const before = await watcher.inspect();
    const counts = [await count('out'), await count('more')];
    const after = await watcher.inspect();
    checkEqual(before.state?.commitId, before.record?.stateCommit, 'the state belongs to the record');
    const [least, most] = [before, after].map(({ state }) => Number(state?.attributes.get('turn') ?? 0));
    check(
      Math.min(...counts) >= least!,
      `what a visible commit ${least} published is visible too, found ${counts.join(', ')}`,
    );
    check(
      Math.max(...counts) <= most!,
      `nothing is visible of commit ${Math.max(...counts)} before its state, which is at ${most}`,
    );
  }

  async function count(name: string): Promise<number> {
    return (await trial.readOnce(reader, trial.cursor(name))).added;
  }
}

async function keepsWhatIsNotNamed(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1', b: '2', c: '3' }) });
  const stateCommit = owner.base;
  await owner.commit({ publishes: [publishOf(trial.stream('out'), 'x')] });
  const first = await owner.home.inspect();
  checkEqual(
    [first.record?.stateCommit, first.state?.commitId],
    [stateCommit, stateCommit],
    "the state's commit after one without state",
  );
  await owner.commit({
    state: {
      header: undefined,
      set: [
        ['b', '20'],
        ['d', '4'],
      ],
      deleted: ['a', 'never'],
    },
  });
  const { record, state } = await owner.home.inspect();
  checkEqual(
    state?.attributes,
    new Map([
      ['b', '20'],
      ['c', '3'],
      ['d', '4'],
    ]),
    'attributes after a partial change',
  );
  checkEqual(
    [state?.declared, state?.version, record?.serializer],
    [['a', 'b', 'c'], 1, 'json'],
    'a header that was not given again',
  );
  checkEqual([record?.stateCommit, state?.commitId], [owner.base, owner.base], "the state's commit after a change");
}

async function replacesHeader(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1', b: '2' }) });
  const header = { version: 7, serializer: 'other', declared: ['b', 'c'] };
  await owner.commit({ state: { header, set: [['c', '3']], deleted: ['a'] } });
  const { record, state } = await owner.home.inspect();
  checkEqual([state?.version, state?.declared, record?.serializer], [7, ['b', 'c'], 'other'], 'the header');
  checkEqual(
    state?.attributes,
    new Map([
      ['b', '2'],
      ['c', '3'],
    ]),
    'the attributes',
  );
}

async function keepsValues(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const values = new Map<string, string | Uint8Array>([
    ['text', 'æ – 漢字 🙂 \u0000'],
    ['bytes', Uint8Array.from([0xff, 0x00, 0xc3, 0x28])],
    ['utf8 bytes', 'given as bytes'],
    ['empty', ''],
    ['large', 'x'.repeat(300_000)],
    ['a:b', '1'],
    ['', 'no name'],
    ['constructor', '2'],
    ['漢字', '3'],
  ]);
  const set = Array.from(
    values,
    ([name, value]) => [name, name === 'utf8 bytes' ? Buffer.from(value) : value] as const,
  );
  await owner.commit({
    state: { header: { version: 1, serializer: 's', declared: [...values.keys()] }, set, deleted: [] },
  });
  const { state } = await (await trial.home()).inspect();
  checkEqual(state?.attributes, values, 'attributes of every kind');
  checkEqual(state?.declared, [...values.keys()], 'declared names of every kind');
}

async function takesManyAttributes(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const all = Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`attribute${index}`, String(index)]));
  await owner.commit({ state: stateOf(all) });
  checkEqual((await owner.home.inspect()).state?.attributes.size, 5_000, 'how many attributes are stored');
  await owner.commit({ state: stateOf({ attribute0: 'left' }, Object.keys(all).slice(1)) });
  checkEqual((await owner.home.inspect()).state?.attributes, new Map([['attribute0', 'left']]), 'what is left of them');
}

async function keepsAttempt(trial: Trial): Promise<void> {
  const stream = trial.stream('in, with: odd "name"');
  const address = { streams: [stream], scope: stream };
  const owner = await trial.own(address);
  const attempt = { stream, id: '12-34', count: 5 };
  await owner.commit({ attempt });
  checkEqual((await owner.home.inspect()).record?.attempt, attempt, 'the attempt on record');
  await owner.commit({ attempt: { ...attempt, count: 6 } });
  checkEqual((await owner.home.inspect()).record?.attempt, { ...attempt, count: 6 }, 'the attempt, counted up');
  await owner.commit({});
  checkEqual((await owner.home.inspect()).record?.attempt, undefined, 'the attempt after a commit without one');
}

async function movesCursors(trial: Trial): Promise<void> {
  const [a, b] = [await trial.add('a', 1, 2), await trial.add('b', 1, 2)];
  const address = { streams: [trial.stream('a'), trial.stream('b')], scope: '*' };
  const owner = await trial.own(address);
  await owner.commit({ cursors: [trial.cursor('a', a[0], 1), trial.cursor('b', b[1], 2)] });
  await owner.commit({ cursors: [trial.cursor('a', a[1], 2)] });
  const cursors = new Map((await owner.home.inspect()).record?.cursors.map((cursor) => [cursor.stream, cursor]));
  checkEqual(cursors.get(trial.stream('a')), trial.cursor('a', a[1], 2), 'the cursor that moved twice');
  checkEqual(cursors.get(trial.stream('b')), trial.cursor('b', b[1], 2), 'the cursor that moved once');
}

async function worksWithoutState(trial: Trial): Promise<void> {
  const owner = await trial.own({ stateName: null });
  await owner.commit({ publishes: [publishOf(trial.stream('out'), 'x')] });
  const { record, state } = await owner.home.inspect();
  checkEqual(
    [record?.commitId, record?.stateCommit, record?.serializer, state],
    [owner.base, undefined, undefined, undefined],
    'a consumer without state',
  );
}

/** What a committed commit leaves. */
export const COMMIT_CONTENT: BehaviourGroup = {
  group: 'commit content',
  behaviours: [
    { name: 'a commit writes positions, state, publishes and the attempt', check: writesEverything },
    { name: 'the parts of a commit become visible together', check: isVisibleWhole },
    { name: 'a commit changes only what it names', check: keepsWhatIsNotNamed },
    { name: 'a header replaces the one before', check: replacesHeader },
    { name: 'attributes keep their names and values, text or bytes', check: keepsValues },
    { name: 'thousands of attributes commit at once', check: takesManyAttributes },
    { name: 'the failing message is kept on record, and removed by a commit without one', check: keepsAttempt },
    { name: 'a commit moves the cursors that it names', check: movesCursors },
    { name: 'a consumer without state commits without state', check: worksWithoutState },
  ],
};
