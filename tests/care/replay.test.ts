import { type ConsumerAddress, type DeadLetter, replayDeadLetters, type StoredFields } from '@ars/core';
import { createFaultPlan, faultyStore } from '@ars/testkit';
import { expect, test } from 'vitest';
import { describeStores, type StoreKit } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { numbers } from '../behaviour/support/ledger.js';
import { deadLetter, storedEntries } from './dead-letter-fields.js';

const bytes = Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28);

/** Puts so many dead letters of `in` into `dead`, numbered from 1. */
async function fill(kit: StoreKit, count: number): Promise<void> {
  for (const n of numbers(1, count)) {
    await kit.backend.addBytes(kit.name('dead'), deadLetter(['n', n], { stream: kit.name('in'), id: `${n}-0` }));
  }
}

/** The fields of every entry. */
const fieldsOf = async (kit: StoreKit, stream: string): Promise<StoredFields[]> =>
  (await storedEntries(kit.store, kit.name(stream))).map(({ fields }) => fields);

const elsewhere = (kit: StoreKit, stream: string): ConsumerAddress => ({
  consumerId: 'archive',
  home: kit.tag,
  scope: kit.name(stream),
  streams: [kit.name(stream)],
  readsHere: false,
  stateName: null,
  isKeyed: false,
});

describeStores((kit) => {
  test('each dead letter returns to its own stream with exactly its original fields, bytes intact', async () => {
    const originals: readonly (readonly [stream: string, fields: StoredFields])[] = [
      ['c', ['', '']],
      ['a', ['n', '1', 'blob', bytes]],
      ['b', [bytes, bytes, 'n', '2']],
      ['a', ['n', '3', 'n', '3 again', '', '']],
      ['a', ['ars:reason', 'mine', 'ars:id', 'mine too']],
    ];
    for (const [stream, fields] of originals) {
      await kit.backend.addBytes(kit.name('dead'), deadLetter(fields, { stream: kit.name(stream) }));
    }
    expect(await replayDeadLetters(kit.store, { from: kit.name('dead') })).toEqual({ moved: 5, kept: 0, held: 0 });
    expect(await fieldsOf(kit, 'a')).toEqual([originals[1]![1], originals[3]![1], originals[4]![1]]);
    expect(await fieldsOf(kit, 'b')).toEqual([originals[2]![1]]);
    expect(await fieldsOf(kit, 'c')).toEqual([originals[0]![1]]);
    expect(await kit.entries('dead')).toEqual([]);
  });

  test('a dead letter of a dead letter comes back as the first one', async () => {
    const inner = deadLetter(['n', '1'], { stream: kit.name('in') });
    await kit.backend.addBytes(kit.name('dead2'), deadLetter(inner, { stream: kit.name('dead') }));
    await replayDeadLetters(kit.store, { from: kit.name('dead2') });
    expect(await fieldsOf(kit, 'dead')).toEqual([inner]);
    await replayDeadLetters(kit.store, { from: kit.name('dead') });
    expect(await fieldsOf(kit, 'in')).toEqual([['n', '1']]);
  });

  test('only chosen ones move, in their order, to where they are sent; entries that are no dead letters stay', async () => {
    const seen: DeadLetter[] = [];
    await kit.add('dead', { n: 'plain' });
    await fill(kit, 5);
    const filter = async (letter: DeadLetter): Promise<boolean> => {
      seen.push(letter);
      return Number(letter.fields[1]) % 2 === 1;
    };
    const answer = await replayDeadLetters(kit.store, { from: kit.name('dead'), to: kit.name('again'), filter });
    expect(answer).toEqual({ moved: 3, kept: 3, held: 0 });
    expect(await kit.values('again')).toEqual(['1', '3', '5']);
    expect(await kit.values('dead')).toEqual(['plain', '2', '4']);
    expect(seen[1]).toEqual({
      id: seen[1]!.id, reason: 'boom', code: 'ARS_HANDLER', attempts: 5, consumer: 'billing',
      stream: kit.name('in'), sourceId: '2-0', time: new Date(1_700_000_000_000), fields: ['n', '2'],
    }); // prettier-ignore
  });

  test('what becomes a dead letter during the replay waits for the next one', async () => {
    await fill(kit, 3);
    const filter = async (): Promise<boolean> => {
      await fill(kit, 1);
      return true;
    };
    expect(await replayDeadLetters(kit.store, { from: kit.name('dead'), filter })).toMatchObject({ moved: 3 });
    expect(await kit.values('dead')).toEqual(['1', '1', '1']);
  });

  test('a consumer of the dead-letter stream misses nothing: what it has not committed is held', async () => {
    await fill(kit, 4);
    const second = (await kit.entries('dead'))[1]!.id;
    const dead = kit.name('dead');
    await kit.store.register(elsewhere(kit, 'dead'), [{ stream: dead, position: second, read: 2 }]);
    expect(await replayDeadLetters(kit.store, { from: dead })).toEqual({ moved: 2, kept: 0, held: 2 });
    expect(await kit.values('dead')).toEqual(['3', '4']);
  });

  test('a stream that is empty or missing gives nothing to replay', async () => {
    expect(await replayDeadLetters(kit.store, { from: kit.name('dead') })).toEqual({ moved: 0, kept: 0, held: 0 });
  });

  test('ended by its signal and called again, it moves each exactly once', async () => {
    await fill(kit, 350);
    const ending = new AbortController();
    const filter = ({ fields }: DeadLetter): boolean => {
      if (fields[1] === '150') ending.abort();
      return true;
    };
    const first = await replayDeadLetters(kit.store, { from: kit.name('dead'), filter, signal: ending.signal });
    expect(first.moved).toBeGreaterThan(0);
    expect(first.moved).toBeLessThan(150);
    const rest = await replayDeadLetters(kit.store, { from: kit.name('dead') });
    expect(rest).toEqual({ moved: 350 - first.moved, kept: 0, held: 0 });
    expect(await kit.values('in')).toEqual(numbers(1, 350));
  });

  test('with lost requests and lost answers, called again until it is through, it moves each exactly once', async () => {
    await fill(kit, 450);
    const plan = createFaultPlan();
    const faulty = faultyStore(kit.store, plan);
    plan.next('before-move', 'lose', 1);
    for (let turn = 0; turn < 3; turn += 1) plan.next('after-move', 'lose');
    let failures = 0;
    for (let isThrough = false; !isThrough;) {
      try {
        await replayDeadLetters(faulty, { from: kit.name('dead') });
        isThrough = true;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
        failures += 1;
      }
    }
    expect(failures).toBe(4);
    expect(await kit.values('in')).toEqual(numbers(1, 450));
    expect(await kit.entries('dead')).toEqual([]);
  });

  test('a move that arrives a second time, after everything is over, does nothing', async () => {
    await fill(kit, 3);
    const plan = createFaultPlan();
    const late = plan.next('before-move', 'duplicate');
    await replayDeadLetters(faultyStore(kit.store, plan), { from: kit.name('dead') });
    expect(await late.release()).toEqual({ moved: 0, held: 0 });
    expect(await kit.values('in')).toEqual(numbers(1, 3));
  });

  test('several replays at once share the work: each is moved by exactly one', async () => {
    await fill(kit, 300);
    const replays = Array.from({ length: 4 }, () => replayDeadLetters(kit.connect(), { from: kit.name('dead') }));
    const moved = (await Promise.all(replays)).reduce((sum, answer) => sum + answer.moved, 0);
    expect(moved).toBe(300);
    expect((await kit.values('in')).map(Number).sort((a, b) => a - b).map(String)).toEqual(numbers(1, 300)); // prettier-ignore
  });

  test('what the filter throws ends the replay, and nothing of that batch has moved', async () => {
    await fill(kit, 3);
    const bug = new Error('bug');
    const filter = ({ fields }: DeadLetter): boolean => {
      if (fields[1] === '3') throw bug;
      return true;
    };
    expect(await failureOf(replayDeadLetters(kit.store, { from: kit.name('dead'), filter }))).toBe(bug);
    expect(await kit.values('dead')).toEqual(numbers(1, 3));
  });

  test('a dead letter that was read from the dead-letter stream itself stays', async () => {
    await kit.backend.addBytes(kit.name('dead'), deadLetter(['n', '1'], { stream: kit.name('dead') }));
    expect(await replayDeadLetters(kit.store, { from: kit.name('dead') })).toEqual({ moved: 0, kept: 1, held: 0 });
  });

  test.each([
    ['option', { option: 'target' }, { target: 'x' }],
    ['target that is the stream itself', { option: 'to' }, { to: 'SELF' }],
    ['target without a name', { option: 'stream' }, { to: '' }],
    ['filter', { option: 'filter' }, { filter: 'all' }],
  ])('a wrong %s is refused before anything moves', async (_, details, given) => {
    await fill(kit, 1);
    const from = kit.name('dead');
    const options = { from, ...given, ...('to' in given && given.to === 'SELF' ? { to: from } : {}) };
    const error = await failureOf(replayDeadLetters(kit.store, options as never));
    expect(error).toMatchObject({ code: 'ARS_CONFIGURATION', details });
    expect(await kit.values('dead')).toEqual(['1']);
  });
});
