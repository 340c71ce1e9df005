import type { ConsumerHome } from '@ars/core';
import { alteredStore, type PlantedBug } from './altered-store.js';

function homeBug(bug: string, caughtBy: string, home: (sound: ConsumerHome) => Partial<ConsumerHome>): PlantedBug {
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { home }) };
}

/** Bugs of claiming, renewing, releasing and inspecting, and of what happens outside consumers. */
export const OWNERSHIP_BUGS: readonly PlantedBug[] = [
  homeBug('a claim is no compare-and-set', 'claiming: a claim that expects another epoch changes nothing', (sound) => ({
    claim: async (request) => sound.claim({ ...request, expectedEpoch: (await sound.inspect()).record?.epoch ?? 0 }),
  })),
  homeBug(
    'a claim compares first and sets later',
    'claiming: of several claims at once exactly one is granted',
    (sound) => ({
      claim: async (request) => {
        const epochOf = async (): Promise<number> => (await sound.inspect()).record?.epoch ?? 0;
        if ((await epochOf()) !== request.expectedEpoch) return { outcome: 'conflict' };
        for (;;) {
          const answer = await sound.claim({ ...request, expectedEpoch: await epochOf() });
          if (answer.outcome === 'claimed') return answer;
        }
      },
    }),
  ),
  homeBug(
    'a repeated claim is a conflict',
    'claiming: a repeated claim answers the same and changes nothing',
    (sound) => ({
      claim: async (request) => {
        const { record } = await sound.inspect();
        return record?.owner === request.owner ? { outcome: 'conflict' } : sound.claim(request);
      },
    }),
  ),
  homeBug(
    "the claimer's own epoch is ignored",
    "claiming: a claim raises the epoch above the stored one and above the claimer's own",
    (sound) => ({
      claim: (request) => sound.claim({ ...request, ownEpoch: 0 }),
    }),
  ),
  homeBug(
    'a claim moves positions that are stored',
    'claiming: a claim stores starts only for streams without a position',
    (sound) => ({
      claim: async (request) => {
        const answer = await sound.claim(request);
        if (answer.outcome === 'conflict' || request.starts.length === 0) return answer;
        const { record } = answer.inspection;
        const cursors = record!.cursors.map(
          (cursor) => request.starts.find(({ stream }) => stream === cursor.stream) ?? cursor,
        );
        return { ...answer, inspection: { ...answer.inspection, record: { ...record!, cursors } } };
      },
    }),
  ),
  homeBug(
    'a claim answers what was stored before others committed',
    'claiming: a claim answers the checkpoint',
    (sound) => ({
      claim: async (request) => {
        const answer = await sound.claim(request);
        return answer.outcome === 'conflict'
          ? answer
          : { ...answer, inspection: { ...answer.inspection, state: undefined } };
      },
    }),
  ),
  homeBug('a renewal is ignored', 'renewing: a commit needs the very renewal number that is stored', (sound) => ({
    renew: async ({ owner }) => sound.renew({ owner, renewal: 0 }),
  })),
  homeBug(
    'a renewal under an older number is held',
    'renewing: a renewal under an older number is fenced',
    (sound) => ({
      renew: async (token) => {
        const answer = await sound.renew(token);
        const { record } = await sound.inspect();
        return answer.outcome === 'fenced' && record?.owner === token.owner
          ? { outcome: 'held', commitId: record.commitId }
          : answer;
      },
    }),
  ),
  homeBug(
    'a renewal takes over',
    'renewing: a renewal by an earlier owner is fenced, with the stored epoch',
    (sound) => ({
      renew: async (token) => {
        const answer = await sound.renew(token);
        const commitId = (await sound.inspect()).record?.commitId ?? '';
        return answer.outcome === 'fenced' ? { outcome: 'held', commitId } : answer;
      },
    }),
  ),
  homeBug('a release by anybody is granted', 'releasing: a release by any other token does nothing', (sound) => ({
    release: async (token) => {
      const owner = (await sound.inspect()).record?.owner ?? token.owner;
      for (let renewal = 0; renewal < 10; renewal += 1) await sound.release({ owner, renewal });
    },
  })),
  homeBug('a release does nothing', 'releasing: a release gives up ownership and nothing else', () => ({
    release: async () => {},
  })),
  homeBug('inspecting makes a record', 'inspecting: inspecting writes nothing', (sound) => ({
    inspect: async () => {
      const inspection = await sound.inspect();
      if (inspection.record === undefined)
        await sound.claim({ expectedEpoch: 0, ownEpoch: 0, owner: 'f'.repeat(32), starts: [] });
      return inspection;
    },
  })),
  homeBug('nobody is registered', 'inspecting: a record that was evicted is told from one that never was', (sound) => ({
    inspect: async () => ({ ...(await sound.inspect()), isRegistered: false }),
  })),
  {
    bug: 'two addresses share a record',
    caughtBy: 'inspecting: no two addresses share a record or a state',
    plant: (memory) =>
      alteredStore(memory, {
        address: (address) => ({ ...address, scope: 'all', consumerId: `${address.scope}:${address.consumerId}` }),
      }),
  },
  {
    bug: 'the state of another consumer is overwritten',
    caughtBy: 'state owning: a consumer never overwrites the state of another',
    plant: (memory) =>
      alteredStore(memory, {
        home: (sound) => ({
          commit: async (token, commit) => {
            const { state } = await sound.inspect();
            if (state?.isOwn === false) memory.evict('state', 'worker');
            return sound.commit(token, commit);
          },
        }),
      }),
  },
  {
    bug: 'an append under a known key is done again',
    caughtBy: 'appending: an idempotency key appends once a stream, and answers the first ID',
    plant: (memory) =>
      alteredStore(memory, {
        store: { append: (request) => memory.append({ ...request, idempotencyKey: undefined }) },
      }),
  },
  {
    bug: 'an append looks for its key first and appends later',
    caughtBy: 'appending: an idempotency key appends once, also when all come at once',
    plant: (memory) => {
      const known = new Map<string, string>();
      const append: (typeof memory)['append'] = async (request) => {
        const key = `${request.stream} ${request.idempotencyKey}`;
        const id = known.get(key);
        await Promise.resolve();
        if (id !== undefined) return { id, isRepeat: true };
        const answer = await memory.append({ ...request, idempotencyKey: undefined });
        known.set(key, answer.id);
        return answer;
      };
      return alteredStore(memory, { store: { append } });
    },
  },
  {
    bug: 'an append over the bound of keys is done without its key',
    caughtBy: 'appending: over their bound idempotency keys are refused, and none is forgotten',
    plant: (memory) => {
      const append: (typeof memory)['append'] = (request) =>
        memory.append(request).catch(() => memory.append({ ...request, idempotencyKey: undefined }));
      return alteredStore(memory, { store: { append } });
    },
  },
  {
    bug: 'a key is one for all streams',
    caughtBy: 'appending: an idempotency key appends once a stream, and answers the first ID',
    plant: (memory) => {
      const known = new Map<string | undefined, string>();
      const append: (typeof memory)['append'] = async (request) => {
        const id = known.get(request.idempotencyKey);
        if (id !== undefined) return { id, isRepeat: true };
        const answer = await memory.append(request);
        if (request.idempotencyKey !== undefined) known.set(request.idempotencyKey, answer.id);
        return answer;
      };
      return alteredStore(memory, { store: { append } });
    },
  },
  {
    bug: 'a restored server tells the same history',
    caughtBy: 'outages: an older copy is older in all its parts, and its history another',
    plant: (memory) => alteredStore(memory, { reader: () => ({ history: 'one' }), home: () => ({ history: 'one' }) }),
  },
];
