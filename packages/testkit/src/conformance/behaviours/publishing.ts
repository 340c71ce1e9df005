import { compareIds, type Publish } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { publishOf } from '../owner.js';
import type { Trial } from '../trial.js';

async function keepsOrder(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const names = ['a', 'b', 'a', 'a', 'c', 'b', 'a'];
  for (let turn = 0; turn < 3; turn += 1) {
    await owner.commit({ publishes: names.map((name, index) => publishOf(trial.stream(name), `${turn}.${index}`)) });
  }
  for (const name of ['a', 'b', 'c']) {
    const expected = [0, 1, 2].flatMap((turn) =>
      names.flatMap((one, index) => (one === name ? [`${turn}.${index}`] : [])),
    );
    checkEqual(await trial.values(name), expected, `what was published to ${name}`);
  }
}

async function publishesMany(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const expected = Array.from({ length: 3_000 }, (_, index) => String(index));
  await owner.commit({ publishes: expected.map((n) => publishOf(trial.stream('out'), n)) });
  const { entries, added } = await trial.look('out');
  checkEqual(added, 3_000, 'how many entries a commit of 3,000 publishes added');
  checkEqual(
    entries.map(({ fields }) => fields[1]),
    expected,
    'what it published',
  );
  const isRising = entries.every(({ id }, index) => index === 0 || compareIds(entries[index - 1]!.id, id) < 0);
  check(isRising, 'the IDs of what one commit published rise');
}

async function keepsContent(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const publishes: Publish[] = [
    { stream: trial.stream('out'), fields: ['b', '1', 'a', '2', 'b', '3'] },
    { stream: trial.stream('out'), fields: ['bytes', Uint8Array.from([0xff, 0x00, 0x80]), '漢字', '🙂'] },
    { stream: trial.stream('out'), fields: [Uint8Array.from([0xfe]), '', 'large', 'x'.repeat(200_000)] },
  ];
  await owner.commit({ publishes });
  checkEqual(
    (await trial.look('out')).entries.map(({ fields }) => fields),
    publishes.map(({ fields }) => fields),
    'published fields',
  );
}

async function publishesToItself(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  const owner = await trial.own();
  await owner.commit({ cursors: [trial.cursor('in', ids[0], 1)], publishes: [publishOf(trial.stream('in'), '3')] });
  const read = await trial.readOnce(await trial.reader(), trial.cursor('in', ids[0], 1));
  checkEqual(
    read.entries.map(({ fields }) => fields[1]),
    ['2', '3'],
    'what follows the position in a stream that its consumer publishes to',
  );
  checkEqual([read.lost, read.cursor.read], [0, 3], 'the account of it');
}

async function goesBehindLater(trial: Trial): Promise<void> {
  await trial.subject.addEntry(trial.stream('out'), ['n', '1'], '99999999999999-5');
  const owner = await trial.own();
  await owner.commit({ publishes: ['2', '3'].map((n) => publishOf(trial.stream('out'), n)) });
  checkEqual(await trial.values('out'), ['1', '2', '3'], 'what is published behind an ID in the future');
}

async function refusesOwnNames(trial: Trial): Promise<void> {
  const own = trial.ownName;
  if (own === undefined) return;
  const owner = await trial.own();
  const publishes = [publishOf(trial.stream('out'), '1'), publishOf(own, '2')];
  await checkRejects(owner.send({ publishes }), 'ARS_COMMIT', "a publish to a name of the store's own");
  checkEqual(await trial.values('out'), [], 'what was published beside it');
}

/** What becomes of publishes. */
export const PUBLISHING: BehaviourGroup = {
  group: 'publishing',
  behaviours: [
    { name: 'publishes are appended once each, in their order', check: keepsOrder },
    { name: 'thousands of publishes commit at once, under rising IDs', check: publishesMany },
    { name: 'published fields keep order, repeated names and bytes', check: keepsContent },
    { name: 'a consumer can publish to the stream that it reads', check: publishesToItself },
    { name: "a publish to a name that is the store's own is refused", check: refusesOwnNames },
    { name: 'publishes go behind the last entry, whatever the clock says', check: goesBehindLater },
  ],
};
