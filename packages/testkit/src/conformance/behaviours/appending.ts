import { compareIds, type ArsError } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import type { Trial } from '../trial.js';

async function appends(trial: Trial): Promise<void> {
  const stream = trial.stream('out');
  const fields = ['a', '1', 'bytes', Uint8Array.from([0xff, 0x00]), 'a', '2'];
  const first = await trial.store.append({ stream, fields, idempotencyKey: undefined });
  const second = await trial.store.append({ stream, fields, idempotencyKey: undefined });
  checkEqual([first.isRepeat, second.isRepeat], [false, false], 'isRepeat without a key');
  check(compareIds(first.id, second.id) < 0, 'the IDs of what is appended rise');
  const expected = [first, second].map(({ id }) => ({ id, fields }));
  checkEqual((await trial.look('out')).entries, expected, 'what was appended');
}

async function appendsOnce(trial: Trial): Promise<void> {
  const request = { stream: trial.stream('out'), fields: ['n', '1'], idempotencyKey: 'order-7' };
  const first = await trial.store.append(request);
  await trial.store.append({ ...request, idempotencyKey: 'order-8' });
  const repeat = await trial.store.append({ ...request, fields: ['n', 'other'] });
  checkEqual([first.isRepeat, repeat], [false, { id: first.id, isRepeat: true }], 'the answer to a repeat');
  const other = await trial.store.append({ ...request, stream: trial.stream('other') });
  checkEqual(other.isRepeat, false, 'the same key in another stream');
  checkEqual([await trial.values('out'), await trial.values('other')], [['1', '1'], ['1']], 'what was appended');
}

async function appendsOnceAtOnce(trial: Trial): Promise<void> {
  const request = { stream: trial.stream('out'), fields: ['n', '1'], idempotencyKey: 'äöü: {odd} key' };
  const answers = await Promise.all([1, 2, 3, 4, 5].map(() => trial.store.append(request)));
  checkEqual(answers.filter(({ isRepeat }) => !isRepeat).length, 1, 'how many of five appends at once are the first');
  checkEqual(new Set(answers.map(({ id }) => id)).size, 1, 'how many IDs they answer');
  checkEqual(await trial.values('out'), ['1'], 'what was appended');
}

async function refusesTooManyKeys(trial: Trial): Promise<void> {
  const store = await trial.hook('boundedStore')(3);
  const stream = trial.stream('out');
  const append = (idempotencyKey?: string) => store.append({ stream, fields: ['n', '1'], idempotencyKey });
  const firsts = [await append('a'), await append('b'), await append('c')];
  const error = await checkRejects(append('d'), 'ARS_COMMIT', 'an append with one idempotency key too many');
  checkEqual((error as ArsError).details['reason'], 'IDEMPOTENCY_FULL', 'the reason of the refusal');
  checkEqual(await store.tail([stream]), [firsts[2]!.id], 'the tail after the refusal');
  const repeats = [await append('a'), await append('b'), await append('c')];
  checkEqual(
    repeats,
    firsts.map(({ id }) => ({ id, isRepeat: true })),
    'the answers to repeats of the others',
  );
  checkEqual((await append()).isRepeat, false, 'isRepeat of an append without a key');
  await store.close();
}

async function refusesForeignKeys(trial: Trial): Promise<void> {
  await trial.hook('occupy')(trial.stream('out'));
  for (const idempotencyKey of [undefined, 'key']) {
    const appending = trial.store.append({ stream: trial.stream('out'), fields: ['n', '1'], idempotencyKey });
    await checkRejects(appending, 'ARS_COMMIT', 'an append to what is not a stream');
  }
}

async function refusesExhausted(trial: Trial): Promise<void> {
  const stream = trial.stream('out');
  await trial.subject.addEntry(stream, ['n', '1'], '18446744073709551615-18446744073709551615');
  for (const idempotencyKey of [undefined, 'key']) {
    await checkRejects(
      trial.store.append({ stream, fields: ['n', '2'], idempotencyKey }),
      'ARS_COMMIT',
      'an append without IDs left',
    );
  }
  checkEqual(await trial.values('out'), ['1'], 'what is in the stream');
}

async function refusesOwnNames(trial: Trial): Promise<void> {
  const stream = trial.ownName;
  if (stream === undefined) return;
  for (const idempotencyKey of [undefined, 'key']) {
    const appending = trial.store.append({ stream, fields: ['n', '1'], idempotencyKey });
    await checkRejects(appending, 'ARS_COMMIT', "an append to a name of the store's own");
  }
}

async function tellsTails(trial: Trial): Promise<void> {
  const [a, b] = [await trial.add('a', 1, 2, 3), await trial.add('b', 1)];
  const streams = ['b', 'nowhere', 'a'].map((name) => trial.stream(name));
  checkEqual(await trial.store.tail(streams), [b[0], '0-0', a[2]], 'the tails of three streams, in the order asked');
  checkEqual(await trial.store.tail([]), [], 'the tails of no streams');
}

async function tellsExistingTails(trial: Trial): Promise<void> {
  const ids = await trial.add('a', 1, 2, 3);
  await trial.hook('deleteEntries')(trial.stream('a'), [ids[2]!]);
  checkEqual(await trial.store.tail([trial.stream('a')]), [ids[1]], 'the tail after the last entry was deleted');
  await trial.hook('deleteEntries')(trial.stream('a'), ids);
  checkEqual(await trial.store.tail([trial.stream('a')]), ['0-0'], 'the tail of an emptied stream');
}

/** What happens outside consumers. */
export const APPENDING: BehaviourGroup = {
  group: 'appending',
  behaviours: [
    { name: 'an append adds one entry and answers its ID', check: appends },
    { name: 'an idempotency key appends once a stream, and answers the first ID', check: appendsOnce },
    { name: 'an idempotency key appends once, also when all come at once', check: appendsOnceAtOnce },
    {
      name: 'over their bound idempotency keys are refused, and none is forgotten',
      needs: ['boundedStore'],
      check: refusesTooManyKeys,
    },
    { name: 'an append to what is not a stream is refused', needs: ['occupy'], check: refusesForeignKeys },
    { name: 'an append to a stream without IDs left is refused', check: refusesExhausted },
    { name: "an append to a name that is the store's own is refused", check: refusesOwnNames },
    { name: 'tails are the last entries, in the order asked', check: tellsTails },
    { name: 'tails are of entries that exist', needs: ['deleteEntries'], check: tellsExistingTails },
  ],
};
