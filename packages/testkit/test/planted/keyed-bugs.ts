import type { ConsumerHome, StatePage, StoredValue, Token } from '@ars/core';
import { alteredStore, type PlantedBug } from './altered-store.js';

function homeBug(bug: string, caughtBy: string, home: (sound: ConsumerHome) => Partial<ConsumerHome>): PlantedBug {
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { home }) };
}

/** A bug in the values that are loaded. */
function valueBug(
  bug: string,
  caughtBy: string,
  alter: (values: readonly (StoredValue | undefined)[]) => readonly (StoredValue | undefined)[],
): PlantedBug {
  return homeBug(bug, caughtBy, (sound) => ({
    load: async (token, keys) => {
      const answer = await sound.load(token, keys);
      return answer.outcome === 'loaded' ? { ...answer, values: alter(answer.values) } : answer;
    },
  }));
}

function scanBug(bug: string, caughtBy: string, scan: (sound: ConsumerHome) => ConsumerHome['scan']): PlantedBug {
  return homeBug(bug, caughtBy, (sound) => ({ scan: scan(sound) }));
}

const BY_KEY = 'keyed state: states are loaded by key, in the order asked, text or bytes, empty or missing';
const WHOLE = 'keyed state: loads and scans see whole commits while others are under way';
const GONE = 'keyed state: a load from what vanished is gone';

/** Bugs of keyed state. */
export const KEYED_BUGS: readonly PlantedBug[] = [
  valueBug('an empty state is taken for none', BY_KEY, (values) => values.map((value) => value || undefined)),
  valueBug('keys without a state are left out', BY_KEY, (values) => values.filter((value) => value !== undefined)),
  valueBug('states come in an order of their own', BY_KEY, (values) => [...values].reverse()),
  valueBug('bytes of a key become text', BY_KEY, (values) =>
    values.map((value) => value && Buffer.from(value as string).toString()),
  ),
  homeBug("keys share the names of the state's header", 'keyed state: any text can be a key', (sound) => ({
    commit: (token, commit) => {
      const set = commit.state?.set.filter(([key]) => key !== 'owner' && key !== 'version') ?? [];
      return sound.commit(token, { ...commit, state: commit.state && { ...commit.state, set } });
    },
  })),
  homeBug('deleted keys stay', 'keyed state: a commit changes only the keys that it names', (sound) => ({
    commit: (token, commit) =>
      sound.commit(token, { ...commit, state: commit.state && { ...commit.state, deleted: [] } }),
  })),
  homeBug(
    'an inspection answers all keys',
    'keyed state: an inspection and a claim answer the header and no keys',
    (sound) => ({
      inspect: async () => {
        const inspection = await sound.inspect();
        if (inspection.state === undefined) return inspection;
        const { states } = await sound.scan(undefined, 10_000);
        return { ...inspection, state: { ...inspection.state, attributes: new Map(states) } };
      },
    }),
  ),
  homeBug('the token of a load is not checked', 'keyed state: only the present token loads', (sound) => ({
    load: async (token, keys) => {
      const owner = (await sound.inspect()).record?.owner ?? '';
      for (let renewal = 0; renewal < 5; renewal += 1) {
        const given: Token = { owner, renewal };
        const answer = await sound.load(given, keys);
        if (answer.outcome !== 'fenced') return answer;
      }
      return sound.load(token, keys);
    },
  })),
  homeBug('keys of a state that vanished have no state', GONE, (sound) => ({
    load: async (token, keys) => {
      const answer = await sound.load(token, keys);
      return answer.outcome === 'gone' ? { outcome: 'loaded', values: keys.map(() => undefined) } : answer;
    },
  })),
  homeBug('a load reads one key after another', WHOLE, (sound) => ({
    load: async (token, keys) => {
      const values: (StoredValue | undefined)[] = [];
      for (const key of keys) {
        const answer = await sound.load(token, [key]);
        if (answer.outcome !== 'loaded') return answer;
        values.push(...answer.values);
      }
      return { outcome: 'loaded', values };
    },
  })),
  homeBug(
    'only 1,000 keys are written',
    'keyed state: 5,000 keys are written, loaded and deleted at once',
    (sound) => ({
      commit: (token, commit) =>
        sound.commit(token, {
          ...commit,
          state: commit.state && { ...commit.state, set: commit.state.set.slice(0, 1_000) },
        }),
    }),
  ),
  {
    bug: 'a state name means a state for each consumer',
    caughtBy: "keyed state: a consumer never loads or overwrites another's keys",
    plant: (memory) =>
      alteredStore(memory, { address: (address) => ({ ...address, stateName: address.stateName && undefined }) }),
  },
  scanBug(
    'a scan goes on by a count of keys',
    'scanning: a scan tells every key that stays, whatever is committed meanwhile',
    (sound) => async (from, count) => {
      const { states } = await sound.scan(undefined, 100_000);
      const begin = Number(from ?? 0);
      const next = begin + count < states.length ? String(begin + count) : undefined;
      return { states: states.slice(begin, begin + count), next };
    },
  ),
  scanBug(
    'the last page of a scan is lost',
    'scanning: a scan of 5,000 keys comes in pages',
    (sound) => async (from, count) => {
      const page = await sound.scan(from, count);
      return page.next === undefined ? { ...page, states: [] } : page;
    },
  ),
  scanBug(
    'a scan is one page',
    'scanning: a scan of 5,000 keys comes in pages',
    (sound) => (from) => sound.scan(from, 100_000),
  ),
  scanBug(
    'a scan tells the header, too',
    'scanning: a scan tells every key with its state, and nothing else',
    (sound) => async (from, count) => {
      const page: StatePage = await sound.scan(from, count);
      return from === undefined ? { ...page, states: [['commit', 'x'], ...page.states] } : page;
    },
  ),
  homeBug(
    'a scan sees what it saw at first',
    'scanning: a scan tells no key that was deleted, and no state that was overwritten before it',
    (sound) => {
      let seen: Promise<StatePage> | undefined;
      return {
        commit: async (token, commit) => {
          const answer = await sound.commit(token, commit);
          seen ??= sound.scan(undefined, 100_000);
          return answer;
        },
        scan: () => seen ?? sound.scan(undefined, 100_000),
      };
    },
  ),
];
