import {
  compareIds,
  type ConsumerAddress,
  type EntryId,
  type MoveAnswer,
  type MoveRequest,
  type StreamStore,
} from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { alteredStore, type PlantedBug } from './altered-store.js';

/** A bug in what is done to streams from outside transactions. */
export function careBug(
  bug: string,
  caughtBy: string,
  alter: (memory: MemoryStore) => Partial<StreamStore>,
): PlantedBug {
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { store: alter(memory) }) };
}

/** A move of what `choose` leaves, one entry after another. */
function moving(
  memory: MemoryStore,
  choose: (request: MoveRequest) => MoveRequest['entries'],
  pause: () => Promise<void> = async () => {},
) {
  return async (request: MoveRequest): Promise<MoveAnswer> => {
    const chosen = choose(request);
    await pause();
    for (const { fields } of chosen) memory.add(request.to, fields);
    memory.delete(request.from, ...chosen.map(({ id }) => id));
    return { moved: chosen.length, held: 0 };
  };
}

function existing(memory: MemoryStore, { from, entries }: MoveRequest): MoveRequest['entries'] {
  const ids = new Set(memory.entries(from).map(({ id }) => id));
  return entries.filter(({ id }) => ids.has(id));
}

const CONSUMED = 'trimming: what is consumed goes, up to the last entry that every registered consumer has committed';
const HISTORY =
  'trimming histories: trimming removes what it says, and nothing that a registered consumer needs (1 of 4)';
const ONCE = 'moving: an entry is moved once, however often it is asked';

const TRIMMING_BUGS: readonly PlantedBug[] = [
  careBug('the entry at the position goes, too', CONSUMED, (memory) => ({
    trim: async (stream, retention) => {
      const count = await memory.trim(stream, retention);
      return count === 0 ? 0 : count + memory.truncate(stream, { maxLength: memory.entries(stream).length - 1 });
    },
  })),
  careBug('only the fastest consumer holds entries back', CONSUMED, (memory) => ({
    trim: async (stream) => {
      const positions = (await memory.consumers(stream)).map(({ position }) => position);
      return memory.truncate(stream, { minId: positions.sort(compareIds).at(-1) ?? '0-0' });
    },
  })),
  careBug(
    'a length counts more than consumers',
    'trimming: a length or an age never removes what a registered consumer has not committed',
    (memory) => ({
      trim: async (stream, retention) =>
        typeof retention === 'object' && 'maxLength' in retention
          ? memory.truncate(stream, retention)
          : memory.trim(stream, retention),
    }),
  ),
  careBug(
    'without consumers everything is consumed',
    'trimming: without registered consumers nothing is consumed',
    (memory) => ({
      trim: async (stream, retention) =>
        (await memory.consumers(stream)).length === 0
          ? memory.truncate(stream, { maxLength: 0 })
          : memory.trim(stream, retention),
    }),
  ),
  careBug(
    'an age removes the young',
    'trimming: an age keeps what is younger, by the clock of the store',
    (memory) => ({
      trim: (stream, retention) =>
        memory.trim(stream, typeof retention === 'object' && 'maxAge' in retention ? { maxLength: 0 } : retention),
    }),
  ),
  careBug(
    'a length keeps half of what it should',
    'trimming: a length keeps about so many of the newest, and all counters',
    (memory) => ({
      trim: (stream, retention) =>
        memory.trim(
          stream,
          typeof retention === 'object' && 'maxLength' in retention
            ? { maxLength: retention.maxLength / 2 }
            : retention,
        ),
    }),
  ),
  careBug('one call removes everything', 'trimming: one call removes at most some 10,000 entries', (memory) => ({
    trim: async (stream, retention) => {
      let all = 0;
      for (let count = -1; count !== 0; all += count) count = await memory.trim(stream, retention);
      return all;
    },
  })),
  careBug('trimming answers how many are left', HISTORY, (memory) => ({
    trim: async (stream, retention) => {
      await memory.trim(stream, retention);
      return memory.entries(stream).length;
    },
  })),
  careBug('who commits elsewhere holds nothing back', HISTORY, (memory) => ({
    trim: async (stream, retention) => {
      const local = (await memory.consumers(stream)).filter(({ name }) => !name.includes(':foreign:'));
      if (local.length === 0) return memory.trim(stream, retention);
      return memory.truncate(stream, { minId: local.map(({ position }) => position).sort(compareIds)[0]! });
    },
  })),
];

const REGISTERING_BUGS: readonly PlantedBug[] = [
  careBug(
    'who commits elsewhere is taken for who commits here',
    'registering: a consumer that commits elsewhere is never taken for one that commits here',
    (memory) => ({
      consumers: async (stream) =>
        (await memory.consumers(stream)).map((one) => ({ ...one, name: one.name.replace(':foreign:', ':consumer:') })),
    }),
  ),
  careBug(
    'a lower position is not noted',
    'registering: a position noted later replaces the earlier one, also when it is lower',
    (memory) => {
      const highest = new Map<string, EntryId>();
      return {
        register: async (address: ConsumerAddress, cursors) => {
          const ahead = cursors.filter(
            ({ stream, position }) => compareIds(position, highest.get(stream) ?? '0-0') > 0,
          );
          for (const { stream, position } of ahead) highest.set(stream, position);
          await memory.register(address, ahead);
        },
      };
    },
  ),
  careBug(
    'unregistering forgets the second stream',
    'registering: unregistering takes a consumer out of all its registries, and touches nothing else',
    (memory) => ({
      unregister: (address) => memory.unregister({ ...address, streams: address.streams.slice(0, 1) }),
    }),
  ),
  careBug(
    'unregistering looks only for who commits here',
    'registering: unregistering finds a consumer that commits elsewhere, too',
    (memory) => ({
      unregister: async (address) => {
        const lists = await Promise.all(address.streams.map((stream) => memory.consumers(stream)));
        const isForeign = lists.flat().every(({ name }) => name.includes(':foreign:'));
        return isForeign ? false : memory.unregister(address);
      },
    }),
  ),
  {
    bug: 'a claim registers only the streams that it starts',
    caughtBy: 'registering: who was taken out of a registry is in it again from the next claim on, as committed',
    plant: (memory) =>
      alteredStore(memory, {
        home: (sound, address) => ({
          claim: async (request) => {
            const { isRegistered } = await sound.inspect();
            const answer = await sound.claim(request);
            if (!isRegistered && request.starts.length === 0) await memory.unregister(address);
            return answer;
          },
        }),
      }),
  },
  {
    bug: 'positions in registries stay where they began',
    caughtBy: 'registering: claims and commits register a consumer with its position',
    plant: (memory) => {
      const first = new Map<string, EntryId>();
      const consumers: StreamStore['consumers'] = async (stream) =>
        (await memory.consumers(stream)).map(({ name, position }) => {
          first.set(name, first.get(name) ?? position);
          return { name, position: first.get(name)! };
        });
      return alteredStore(memory, { store: { consumers } });
    },
  },
];

const MOVING_BUGS: readonly PlantedBug[] = [
  careBug('a move is done again', ONCE, (memory) => ({ move: moving(memory, ({ entries }) => entries) })),
  careBug(
    'a move looks first and moves later',
    'moving: an entry is moved once, also when all ask at once',
    (memory) => ({
      move: moving(
        memory,
        (request) => existing(memory, request),
        () => Promise.resolve(),
      ),
    }),
  ),
  careBug(
    'a move takes what is not committed',
    'moving: what a registered consumer has not committed is held',
    (memory) => ({
      move: moving(memory, (request) => existing(memory, request)),
    }),
  ),
  careBug(
    'a move keeps the fields that there were',
    'moving: a move takes entries from one stream and appends them to another, as told',
    (memory) => ({
      move: (request) => {
        const fieldsOf = new Map(memory.entries(request.from).map(({ id, fields }) => [id, fields]));
        const entries = request.entries.map(({ id, fields }) => ({ id, fields: fieldsOf.get(id) ?? fields }));
        return memory.move({ ...request, entries });
      },
    }),
  ),
  careBug('a move turns the order round', 'moving: 1,000 entries are moved in their order', (memory) => ({
    move: (request) => memory.move({ ...request, entries: [...request.entries].reverse() }),
  })),
  careBug('a move ends at what is gone', 'moving: what is gone is passed over', (memory) => ({
    move: (request) => {
      const present = existing(memory, request);
      const end = request.entries.findIndex((entry) => !present.includes(entry));
      return memory.move({ ...request, entries: request.entries.slice(0, end < 0 ? undefined : end) });
    },
  })),
  careBug(
    'a move that is refused has taken the entries',
    'moving: a move that is refused leaves both streams as they were',
    (memory) => ({
      move: async (request) => {
        const answer = await memory.move(request).catch((error: unknown) => error);
        memory.delete(request.from, ...request.entries.map(({ id }) => id));
        if (answer instanceof Error) throw answer;
        return answer as MoveAnswer;
      },
    }),
  ),
];

/** Bugs of trimming, registering and moving. */
export const CARE_BUGS: readonly PlantedBug[] = [...TRIMMING_BUGS, ...REGISTERING_BUGS, ...MOVING_BUGS];
