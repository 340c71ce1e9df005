import { expect, test } from 'vitest';
import { describeStores, type KitConsumer } from './stores.js';
import { failureOf } from './support/deferred.js';
import { numbers } from './support/ledger.js';

describeStores((kit) => {
  type Start = 'beginning' | 'end' | (string & {}) | Date | undefined;

  const collecting = (startFrom: Start): KitConsumer<{ seen: string[] }> =>
    kit.consumer({
      state: { seen: [] as string[] },
      handler: ({ n }, { state }) => state.seen.push(n!),
      ...(startFrom === undefined ? {} : { startFrom }),
    });

  const seenFrom = async (startFrom: Start): Promise<string[]> => {
    const consumer = collecting(startFrom);
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
    return consumer.state.seen;
  };

  /** Entries 1 to 5 at 1000-0, 2000-0, … */
  const spaced = async (): Promise<void> => {
    for (let n = 1; n <= 5; n += 1) await kit.backend.add(kit.name('in'), { n }, `${n * 1_000}-0`);
  };

  test.each<[string, Start, string[]]>([
    ['nothing', undefined, numbers(1, 5)],
    ["'beginning'", 'beginning', numbers(1, 5)],
    ["'end'", 'end', []],
    ['0-0', '0-0', numbers(1, 5)],
    ['the ID of an entry, inclusive', '3000-0', numbers(3, 5)],
    ['an ID between two entries', '3000-1', numbers(4, 5)],
    ['the milliseconds of an ID', '4000', numbers(4, 5)],
    ['the last ID', '5000-0', ['5']],
    ['a Date, inclusive', new Date(2_000), numbers(2, 5)],
    ['a Date between two entries', new Date(2_001), numbers(3, 5)],
    ['a Date before all', new Date(0), numbers(1, 5)],
  ])('%s as startFrom', async (_, startFrom, expected) => {
    await spaced();
    expect(await seenFrom(startFrom)).toEqual(expected);
    await kit.backend.add(kit.name('in'), { n: 6 });
    expect(await seenFrom('beginning')).toEqual([...expected, '6']);
  });

  test.each<[string, Start]>([
    ['an ID', '5000-1'],
    ['a Date', new Date(5_001)],
  ])('%s ahead of the stream is refused, and nothing is claimed', async (_, startFrom) => {
    await spaced();
    expect(await failureOf(collecting(startFrom).start())).toMatchObject({ code: 'ARS_CONFIGURATION' });
    expect(await seenFrom('beginning')).toEqual(numbers(1, 5));
  });

  test('startFrom does not matter once a position is stored', async () => {
    await spaced();
    expect(await seenFrom('3000-0')).toEqual(numbers(3, 5));
    expect(await seenFrom('beginning')).toEqual(numbers(3, 5));
    expect(await seenFrom('9999-0')).toEqual(numbers(3, 5));
  });

  test("'end' is fixed when the consumer starts, not when it first commits", async () => {
    await spaced();
    const first = collecting('end');
    await first.start();
    await first.stop();
    await kit.backend.add(kit.name('in'), { n: 6 });
    expect(await seenFrom('end')).toEqual(['6']);
  });

  test("'end' of a missing or empty stream is its beginning", async () => {
    const consumer = collecting('end');
    await consumer.start();
    await kit.addNumbers('in', 1, 2);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(['1', '2']);
  });

  test("'end' counts entries that were trimmed before as nothing lost", async () => {
    await spaced();
    await kit.backend.trim(kit.name('in'), 2);
    const consumer = collecting('end');
    await consumer.start();
    await kit.backend.trim(kit.name('in'), 0);
    await kit.addNumbers('in', 6, 6);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(['6']);
  });

  test('entries trimmed or deleted before the first start are not missed', async () => {
    await spaced();
    await kit.backend.delete(kit.name('in'), '2000-0', '4000-0');
    await kit.backend.trim(kit.name('in'), 2);
    expect(await seenFrom(undefined)).toEqual(['3', '5']);
  });

  test('a deleted entry as startFrom begins at the one after it', async () => {
    await spaced();
    await kit.backend.delete(kit.name('in'), '3000-0');
    expect(await seenFrom('3000-0')).toEqual(['4', '5']);
  });
});
