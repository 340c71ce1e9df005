import { CommitError, type MoveRequest } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { careBug } from './care-bugs.js';
import { alteredStore, type PlantedBug } from './altered-store.js';

const isOwn = (stream: string): boolean => stream.startsWith('ars:{');

/** A move that answers nothing moved where the sound one refuses. */
function lenient(memory: MemoryStore, isAllowed: (request: MoveRequest) => boolean) {
  return async (request: MoveRequest) => (isAllowed(request) ? { moved: 0, held: 0 } : memory.move(request));
}

/** Bugs at the edges of what may be asked for: odd bounds, and names that are no stream's. */
export const EDGE_BUGS: readonly PlantedBug[] = [
  careBug(
    'a length counts parts of entries',
    'trimming: a length or an age is rounded down to whole entries and milliseconds',
    (memory) => ({
      trim: async (stream, retention) => {
        const count = await memory.trim(stream, retention);
        return typeof retention === 'object' && 'maxLength' in retention ? count - (retention.maxLength % 1) : count;
      },
    }),
  ),
  careBug(
    'a wrong bound trims nothing',
    'trimming: a length or an age that is negative or not finite is refused',
    (memory) => ({ trim: (stream, retention) => memory.trim(stream, retention).catch(() => 0) }),
  ),
  careBug('what is exactly so old stays', 'trimming: an age lets go what is exactly that old', (memory) => ({
    trim: (stream, retention) =>
      memory.trim(
        stream,
        typeof retention === 'object' && 'maxAge' in retention ? { maxAge: retention.maxAge + 1 } : retention,
      ),
  })),
  careBug(
    "an append writes under the store's own names",
    "appending: an append to a name that is the store's own is refused",
    (memory) => ({
      append: async ({ stream, ...rest }) =>
        isOwn(stream) ? { id: memory.add(stream, rest.fields), isRepeat: false } : memory.append({ stream, ...rest }),
    }),
  ),
  {
    bug: "a publish to one of the store's own names is dropped",
    caughtBy: "publishing: a publish to a name that is the store's own is refused",
    plant: (memory) =>
      alteredStore(memory, {
        home: (home) => ({
          commit: (token, commit) =>
            home.commit(token, { ...commit, publishes: commit.publishes.filter(({ stream }) => !isOwn(stream)) }),
        }),
      }),
  },
  careBug(
    "a move takes from the store's own names",
    "moving: a move to or from a name that is the store's own is refused",
    (memory) => ({ move: lenient(memory, ({ from }) => isOwn(from)) }),
  ),
  careBug(
    'a move from a stream to itself does nothing',
    'moving: a move from a stream to itself is a bug of its caller',
    (memory) => ({ move: lenient(memory, ({ from, to }) => from === to) }),
  ),
  careBug(
    'a move looks at its target first',
    'moving: a move with nothing to take is not refused for its target',
    (memory) => ({
      move: async (request) => {
        if (memory.streamInfo(request.to)?.lastId.startsWith('18446744073709551615-') === true)
          throw new CommitError('no IDs left');
        return memory.move(request);
      },
    }),
  ),
];
