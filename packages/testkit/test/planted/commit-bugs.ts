import {
  type Commit,
  CommitError,
  type ConsumerAddress,
  type ConsumerHome,
  previousId,
  type StateChange,
  type Token,
} from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { alteredStore, type PlantedBug } from './altered-store.js';

/** A bug in what is made of a commit. */
function contentBug(bug: string, caughtBy: string, alter: (commit: Commit) => Commit): PlantedBug {
  const home = (sound: ConsumerHome): Partial<ConsumerHome> => ({
    commit: (token, commit) => sound.commit(token, alter(commit)),
  });
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { home }) };
}

type CommitMethod = ConsumerHome['commit'];

/** A bug in how a commit is checked or applied. */
function commitBug(
  bug: string,
  caughtBy: string,
  commitOf: (sound: ConsumerHome, memory: MemoryStore) => CommitMethod,
): PlantedBug {
  return {
    bug,
    caughtBy,
    plant: (memory) => alteredStore(memory, { home: (sound) => ({ commit: commitOf(sound, memory) }) }),
  };
}

/** A store that knows the newest token of each consumer, whoever asks. */
function tokenBug(bug: string, caughtBy: string, tokenOf: (given: Token, newest: Token) => Token): PlantedBug {
  return {
    bug,
    caughtBy,
    plant: (memory) => {
      const newest = new Map<string, Token>();
      const home = (sound: ConsumerHome, { scope, consumerId }: ConsumerAddress): Partial<ConsumerHome> => {
        const key = `${scope} ${consumerId}`;
        return {
          claim: (request) => {
            newest.set(key, { owner: request.owner, renewal: 0 });
            return sound.claim(request);
          },
          renew: async (token) => {
            const answer = await sound.renew(token);
            if (answer.outcome === 'held') newest.set(key, token);
            return answer;
          },
          commit: (token, commit) => sound.commit(tokenOf(token, newest.get(key) ?? token), commit),
        };
      };
      return alteredStore(memory, { home });
    },
  };
}

const FENCED = 'commit answers: a commit under another token is fenced and leaves nothing';
const TOGETHER = 'commit content: the parts of a commit become visible together';
const EVERYTHING = 'commit content: a commit writes positions, state, publishes and the attempt';
const REFUSED = 'commit answers: a commit to a stream without IDs left is refused and leaves nothing';
const ORDER = 'publishing: publishes are appended once each, in their order';

/** What any store between two steps gives others the time for. */
function later(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function withoutPublishes(commit: Commit): Commit {
  return { ...commit, publishes: [] };
}

function publishAll(memory: MemoryStore, { publishes }: Commit): void {
  for (const { stream, fields } of publishes) memory.add(stream, fields);
}

/** Writes what the commit before this one should have written. */
function lagging(): (commit: Commit) => Commit {
  let earlier: StateChange | undefined;
  return (commit) => {
    const state = commit.state && { ...commit.state, set: earlier?.set ?? commit.state.set };
    earlier = commit.state ?? earlier;
    return { ...commit, state };
  };
}

/** Bugs of committing. */
export const COMMIT_BUGS: readonly PlantedBug[] = [
  commitBug(
    'a commit in two steps: record and state, then publishes',
    TOGETHER,
    (sound, memory) => async (token, commit) => {
      const answer = await sound.commit(token, withoutPublishes(commit));
      await later();
      if (answer.outcome === 'committed') publishAll(memory, commit);
      return answer;
    },
  ),
  commitBug(
    'a commit in two steps: publishes, then record and state',
    REFUSED,
    (sound, memory) => async (token, commit) => {
      publishAll(memory, commit);
      return sound.commit(token, withoutPublishes(commit));
    },
  ),
  commitBug('a commit in two steps: record, then state', TOGETHER, (sound) => async (token, commit) => {
    const first = await sound.commit(token, { ...commit, commitId: `${commit.commitId}-`, state: undefined });
    if (first.outcome !== 'committed') return first;
    await later();
    return sound.commit(token, { ...commit, base: `${commit.commitId}-`, publishes: [] });
  }),
  tokenBug('the token is not checked', FENCED, (_, newest) => newest),
  tokenBug(
    'the owner is checked and the renewal number is not',
    'renewing: a commit needs the very renewal number that is stored',
    (given, newest) => (given.owner === newest.owner ? newest : given),
  ),
  commitBug(
    'the commitId is not checked',
    'commit answers: a commit sent again is already applied, and nothing happens twice',
    (sound) => async (token, commit) => {
      const { record } = await sound.inspect();
      if (record?.commitId !== commit.commitId) return sound.commit(token, commit);
      return sound.commit(token, { ...commit, commitId: `${commit.commitId}+`, base: commit.commitId });
    },
  ),
  commitBug(
    'the base is not checked',
    'commit answers: a commit on another base is stale and leaves nothing',
    (sound) => async (token, commit) => {
      const { record } = await sound.inspect();
      return sound.commit(token, { ...commit, base: record?.commitId ?? commit.base });
    },
  ),
  commitBug(
    'the content is checked before the commitId',
    'commit answers: record, token, commitId, base and content are checked in this order',
    (sound, memory) => async (token, commit) => {
      const isFull = commit.publishes.some(({ stream }) =>
        memory.streamInfo(stream)?.lastId.startsWith('18446744073709551615'),
      );
      if (isFull) throw new CommitError('no IDs left');
      return sound.commit(token, commit);
    },
  ),
  contentBug('the position is off by one', EVERYTHING, (commit) => ({
    ...commit,
    cursors: commit.cursors.map((cursor) => ({ ...cursor, position: previousId(cursor.position) })),
  })),
  contentBug('only the first cursor moves', 'commit content: a commit moves the cursors that it names', (commit) => ({
    ...commit,
    cursors: commit.cursors.slice(0, 1),
  })),
  contentBug('the last publish is lost', ORDER, (commit) => ({ ...commit, publishes: commit.publishes.slice(0, -1) })),
  contentBug('the first publish is doubled', ORDER, (commit) => ({
    ...commit,
    publishes: [...commit.publishes.slice(0, 1), ...commit.publishes],
  })),
  contentBug('publishes are appended stream by stream, newest first', ORDER, (commit) => ({
    ...commit,
    publishes: [...commit.publishes].reverse(),
  })),
  {
    bug: 'the state is one commit behind',
    caughtBy: 'commit content: a commit changes only what it names',
    plant: (memory) => {
      const lag = lagging();
      return alteredStore(memory, {
        home: (sound) => ({ commit: (token, commit) => sound.commit(token, lag(commit)) }),
      });
    },
  },
  contentBug('deleted attributes stay', 'commit content: a commit changes only what it names', (commit) => ({
    ...commit,
    state: commit.state && { ...commit.state, deleted: [] },
  })),
  contentBug(
    'bytes in state become text',
    'commit content: attributes keep their names and values, text or bytes',
    (commit) => ({
      ...commit,
      state: commit.state && {
        ...commit.state,
        set: commit.state.set.map(([name, value]) => [name, Buffer.from(value).toString()] as const),
      },
    }),
  ),
  commitBug(
    'the failing message stays on record',
    'commit content: the failing message is kept on record, and removed by a commit without one',
    (sound) => async (token, commit) => {
      const { record } = await sound.inspect();
      return sound.commit(token, { ...commit, attempt: commit.attempt ?? record?.attempt });
    },
  ),
  {
    bug: 'a position ahead of the stream is committed',
    caughtBy: 'commit answers: a commit whose position the stream has not reached is stale',
    plant: (memory) => alteredStore(memory, { address: (address) => ({ ...address, readsHere: false }) }),
  },
  commitBug(
    'state that was evicted is made anew',
    'commit answers: a commit whose state vanished is gone and leaves nothing',
    (sound) => async (token, commit) => {
      const answer = await sound.commit(token, commit);
      return answer.outcome === 'gone' && answer.what === 'state' ? { outcome: 'committed' } : answer;
    },
  ),
];
