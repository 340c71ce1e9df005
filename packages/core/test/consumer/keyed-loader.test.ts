import { expect, test } from 'vitest';
import { KeyedLoader } from '../../src/consumer/keyed-loader.js';
import { StoreUnavailableError } from '../../src/domain/errors.js';
import type { LoadAnswer } from '../../src/store/keyed-state.js';
import type { ConsumerHome } from '../../src/store/stream-store.js';
import { createStates } from '../state/keyed-fixtures.js';

const TOKEN = { owner: 'o', renewal: 0 };

interface Asked {
  readonly keys: readonly string[];
  readonly answer: (answer: LoadAnswer) => Promise<void>;
  readonly fail: (error: unknown) => Promise<void>;
}

/** A home whose loads wait for their answers. */
function createHome(): { home: ConsumerHome; asked: Asked[] } {
  const asked: Asked[] = [];
  const load = (_: unknown, keys: readonly string[]): Promise<LoadAnswer> =>
    new Promise((resolve, reject) => {
      const settled = (): Promise<void> => new Promise((done) => void setImmediate(done));
      asked.push({
        keys,
        answer: (answer) => (resolve(answer), settled()),
        fail: (error) => (reject(error as Error), settled()),
      });
    });
  return { home: { load } as unknown as ConsumerHome, asked };
}

function setUp() {
  const told: string[] = [];
  const states = createStates(() => ({ count: 0 }));
  const loader = new KeyedLoader(states, {
    onLoaded: () => told.push('loaded'),
    onDoubt: () => told.push('doubt'),
    onLoadFailed: () => told.push('failed'),
    onStateLost: () => told.push('lost'),
  });
  return { told, states, loader };
}

const nothing = (keys: readonly string[]): LoadAnswer => ({ outcome: 'loaded', values: keys.map(() => undefined) });

test('what is wanted while a load is under way goes into the next one, each key once', async () => {
  const { loader, states, told } = setUp();
  const { home, asked } = createHome();
  loader.want(['early']);
  expect(asked).toEqual([]);
  loader.attach(home, TOKEN);
  loader.want(['a', 'b']);
  loader.want(['b', 'c']);
  expect(asked.map(({ keys }) => keys)).toEqual([['early']]);
  await asked[0]!.answer(nothing(['early']));
  expect(asked.map(({ keys }) => keys)).toEqual([['early'], ['a', 'b', 'c']]);
  await asked[1]!.answer(nothing(['a', 'b', 'c']));
  expect(states.size).toBe(4);
  expect(told).toEqual(['loaded', 'loaded']);
});

test('what an earlier connection answers is not used, but those who wait may ask again', async () => {
  const { loader, states, told } = setUp();
  const [first, second] = [createHome(), createHome()];
  loader.attach(first.home, TOKEN);
  loader.want(['a']);
  loader.attach(second.home, { ...TOKEN, renewal: 1 });
  await first.asked[0]!.answer({ outcome: 'loaded', values: ['0,,json,{"count":9}'] });
  expect([states.size, states.isLoading('a'), told]).toEqual([0, false, ['loaded']]);
  loader.want(['a']);
  await second.asked[0]!.answer(nothing(['a']));
  expect(states.size).toBe(1);
});

test('the failure of an earlier connection is nobody’s, but those who wait may ask again', async () => {
  const { loader, states, told } = setUp();
  const [first, second] = [createHome(), createHome()];
  loader.attach(first.home, TOKEN);
  loader.want(['a']);
  loader.attach(second.home, { ...TOKEN, renewal: 1 });
  await first.asked[0]!.fail(new StoreUnavailableError('closed'));
  expect([states.isLoading('a'), told]).toEqual([false, ['loaded']]);
});

test('a reset leaves no key waiting for ever', () => {
  const { loader, states } = setUp();
  const { home, asked } = createHome();
  loader.attach(home, TOKEN);
  loader.want(['a']);
  loader.want(['b']);
  loader.reset();
  expect(states.isLoading('b')).toBe(false);
  loader.attach(createHome().home, TOKEN);
  expect(states.toLoad(['b'])).toEqual(['b']);
  expect(asked).toHaveLength(1);
});

test.each<[LoadAnswer | Error, string]>([
  [{ outcome: 'fenced' }, 'doubt'],
  [{ outcome: 'gone', what: 'record' }, 'doubt'],
  [{ outcome: 'gone', what: 'state' }, 'lost'],
  [new StoreUnavailableError('away'), 'doubt'],
  [{ outcome: 'loaded', values: ['garbage'] }, 'failed'],
  [new Error('a bug'), 'failed'],
])('the answer %o is told, and caches nothing', async (answer, expected) => {
  const { loader, states, told } = setUp();
  const { home, asked } = createHome();
  loader.attach(home, TOKEN);
  loader.want(['a']);
  if (answer instanceof Error) await asked[0]!.fail(answer);
  else await asked[0]!.answer(answer);
  expect(told).toEqual([expected]);
  expect([states.size, states.isLoading('a')]).toEqual([0, false]);
});
