import type { AuditFinding, ConsumerHome, FailedAttempt, StoredRecord } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { alteredStore, type PlantedBug } from './altered-store.js';

function homeBug(
  bug: string,
  caughtBy: string,
  home: (sound: ConsumerHome, memory: MemoryStore) => Partial<ConsumerHome>,
): PlantedBug {
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { home: (sound) => home(sound, memory) }) };
}

/** A store that inspects a record as something else than it is. */
function seenAs(sound: ConsumerHome, change: (record: StoredRecord) => StoredRecord): Partial<ConsumerHome> {
  return {
    inspect: async () => {
      const inspection = await sound.inspect();
      return { ...inspection, record: inspection.record && change(inspection.record) };
    },
  };
}

/** A store that keeps marks of suspects beside its records, and forgets to remove or to protect them. */
function markedBeside(bug: string, caughtBy: string, isKept: (isApplied: boolean) => boolean): PlantedBug {
  return {
    bug,
    caughtBy,
    plant: (memory) => {
      let mark: FailedAttempt | undefined;
      const home = (sound: ConsumerHome): Partial<ConsumerHome> => ({
        ...seenAs(sound, (record) => ({ ...record, suspect: mark })),
        commit: async (token, commit) => {
          const answer = await sound.commit(token, commit).catch((error: unknown) => {
            if (isKept(false)) mark = commit.suspect;
            throw error;
          });
          if (isKept(answer.outcome === 'committed')) mark = commit.suspect;
          return answer;
        },
      });
      return alteredStore(memory, { home });
    },
  };
}

/** Adds to the heartbeat, wherever it is seen. */
function heartbeatOf(sound: ConsumerHome, add: () => number): Partial<ConsumerHome> {
  return {
    ...seenAs(sound, (record) => ({ ...record, heartbeat: record.heartbeat + add() })),
    glance: async () => {
      const sight = await sound.glance();
      return sight && { ...sight, heartbeat: sight.heartbeat + add() };
    },
  };
}

function auditBug(bug: string, change: Partial<AuditFinding>): PlantedBug {
  const finding: AuditFinding = { code: 'EVICTION', severity: 'error', message: 'Keys may go.', details: {} };
  return {
    bug,
    caughtBy: 'auditing: an audit answers findings in the form of the contract, without credentials',
    plant: (memory) => alteredStore(memory, { store: { audit: async () => [{ ...finding, ...change }] } }),
  };
}

const GROWS = 'glancing: the heartbeat grows with every claim, renewal and commit';

/** Bugs of marks of suspects, signs of life, waits for durability and audits. */
export const LIFE_BUGS: readonly PlantedBug[] = [
  markedBeside(
    'a release keeps the mark of a suspect',
    'suspects: a release removes the mark of a suspect, by the owner only',
    (isApplied) => isApplied,
  ),
  markedBeside(
    'a commit that is not applied leaves its mark',
    'suspects: a commit that is not applied leaves the mark of a suspect as it is',
    () => true,
  ),
  homeBug('a takeover loses the mark of a suspect', 'suspects: the mark of a suspect outlives its owner', (sound) => ({
    claim: async (request) => {
      const answer = await sound.claim(request);
      if (answer.outcome === 'conflict') return answer;
      const record = { ...answer.inspection.record!, suspect: undefined };
      return { ...answer, inspection: { ...answer.inspection, record } };
    },
  })),
  homeBug(
    'the mark of a suspect is kept for ever',
    'suspects: the mark of a suspect is kept, apart from the failing message, and removed without one',
    (sound) => ({
      commit: async (token, commit) => {
        const { record } = await sound.inspect();
        return sound.commit(token, { ...commit, suspect: commit.suspect ?? record?.suspect });
      },
    }),
  ),
  homeBug('a renewal under the same number is no sign of life', GROWS, (sound) => {
    let last = -1;
    return {
      renew: async (token) => {
        const { record } = await sound.inspect();
        if (token.renewal === last && record !== undefined) return { outcome: 'held', commitId: record.commitId };
        last = token.renewal;
        return sound.renew(token);
      },
    };
  }),
  homeBug('the heartbeat is what the epoch is', GROWS, (sound) => ({
    ...seenAs(sound, (record) => ({ ...record, heartbeat: record.epoch })),
    glance: async () => {
      const sight = await sound.glance();
      return sight && { ...sight, heartbeat: sight.epoch };
    },
  })),
  {
    bug: 'a fenced owner shows life',
    caughtBy: 'glancing: the heartbeat stays where the owner shows no life',
    plant: (memory) => {
      let calls = 0;
      const home = (sound: ConsumerHome): Partial<ConsumerHome> => ({
        ...heartbeatOf(sound, () => calls),
        commit: (token, commit) => ((calls += 1), sound.commit(token, commit)),
      });
      return alteredStore(memory, { home });
    },
  },
  homeBug(
    'a glance tells the last owner of a consumer that was released',
    'glancing: a glance tells owner, epoch and heartbeat, or that there is no record',
    (sound) => {
      let last = '';
      return {
        glance: async () => {
          const sight = await sound.glance();
          last = sight?.owner || last;
          return sight && { ...sight, owner: last };
        },
      };
    },
  ),
  homeBug('a glance is a sign of life', 'glancing: the heartbeat stays where the owner shows no life', (sound) => ({
    glance: async () => {
      const { record } = await sound.inspect();
      if (record === undefined || record.owner === '') return sound.glance();
      for (let renewal = 0; renewal < 3; renewal += 1) await sound.renew({ owner: record.owner, renewal });
      return sound.glance();
    },
  })),
  homeBug('every level is taken for reached', 'persisting: a level that the store does not offer is refused', () => ({
    persist: async () => true,
  })),
  {
    bug: 'replicas are offered and not waited for',
    caughtBy: 'persisting: replicas that are not there are not taken for reached, where replicas are offered',
    plant: (memory) =>
      alteredStore(memory, { store: { durability: ['replicas'] }, home: () => ({ persist: async () => true }) }),
  },
  {
    bug: 'a wait for the disk gives ownership up',
    caughtBy: 'persisting: a wait for the disk tells whether, and writes only signs of life, where it is offered',
    plant: (memory) =>
      alteredStore(memory, {
        store: { durability: ['fsync'] },
        home: (sound) => ({ persist: async (token) => (await sound.release(token), true) }),
      }),
  },
  auditBug('a finding has a code of its own', { code: 'SLOW' as never }),
  auditBug('a finding says nothing', { message: ' ' }),
  auditBug('a finding names the password', { details: { url: 'redis://user:secret@localhost' } }),
  {
    bug: 'an audit leaves something behind',
    caughtBy: 'auditing: an audit writes nothing',
    plant: (memory) => {
      const streams = new Set<string>();
      const audit = async (): Promise<[]> => {
        for (const stream of streams) memory.add(stream, { probe: '1' });
        return [];
      };
      return alteredStore(memory, {
        store: { audit },
        address: (address) => {
          for (const stream of address.streams) streams.add(stream);
          return address;
        },
      });
    },
  },
];
