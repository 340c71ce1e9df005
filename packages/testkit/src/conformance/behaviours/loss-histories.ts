import type { EntryId, StreamReader, StreamCursor, StartPoint } from '@ars/core';
import { SeededRandom } from '../../chance/seeded-random.js';
import type { Behaviour, BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import type { Trial } from '../trial.js';

const STEPS = 60;
const HISTORIES = 8;

/** A stream and one reader of it as plain lists: what exists, and what the reader has been told of. */
class NaiveModel {
  existing: EntryId[] = [];
  readonly all: EntryId[] = [];
  readonly told = new Set<EntryId>();

  add(id: EntryId): void {
    this.all.push(id);
    this.existing.push(id);
  }

  remove(ids: readonly EntryId[]): void {
    this.existing = this.existing.filter((id) => !ids.includes(id));
  }

  /** What has vanished and was neither read nor counted. */
  get vanished(): EntryId[] {
    return this.all.filter((id) => !this.told.has(id) && !this.existing.includes(id));
  }

  get unread(): EntryId[] {
    return this.existing.filter((id) => !this.told.has(id));
  }
}

/** One random history of a stream, with a reader whose every account is compared with the model's. */
class RandomHistory {
  readonly #trial: Trial;
  readonly #random: SeededRandom;
  readonly #model = new NaiveModel();
  readonly #name: string;
  #reader!: StreamReader;
  #cursor!: StreamCursor;
  #lastMs = 0;

  constructor(trial: Trial, seed: number) {
    this.#trial = trial;
    this.#random = new SeededRandom(seed);
    this.#name = `history${seed}`;
  }

  async run(): Promise<void> {
    for (let step = 0; step < 10; step += 1) await this.#change();
    await this.#start();
    for (let step = 0; step < STEPS; step += 1) {
      if (this.#random.isLucky(0.25)) await this.#read(this.#random.pick([0, 0, 1, 2, 1_000]));
      else await this.#change();
      if (this.#random.isLucky(0.1)) this.#reader = await this.#trial.reader();
    }
    while (this.#model.unread.length > 0 || this.#model.vanished.length > 0) await this.#read(1_000);
  }

  async #start(): Promise<void> {
    this.#reader = await this.#trial.reader();
    const { existing, all, told } = this.#model;
    const isThere = all.length > 0;
    const start: StartPoint = this.#random.pick([
      'beginning',
      'end',
      { fromId: isThere ? this.#random.pick(all) : '0-1' },
    ]);
    this.#cursor = await this.#reader.locate(this.#trial.stream(this.#name), start);
    const from = typeof start === 'string' ? (start === 'beginning' ? 0 : all.length) : all.indexOf(start.fromId);
    const wanted = new Set(existing.filter((id) => all.indexOf(id) >= from));
    for (const id of all) if (!wanted.has(id)) told.add(id);
  }

  async #change(): Promise<void> {
    const stream = this.#trial.stream(this.#name);
    const { existing } = this.#model;
    const dice = this.#random.next();
    if (dice < 0.6 || existing.length === 0) {
      const step = this.#random.pick([0, 1, 3]);
      this.#lastMs += step;
      const sequence = step === 0 ? this.#model.all.length + 1 : 0;
      const id = `${this.#lastMs}-${sequence}`;
      await this.#trial.subject.addEntry(stream, ['n', id], id);
      this.#model.add(id);
    } else if (dice < 0.8) {
      const doomed = existing.filter(() => this.#random.isLucky(0.25));
      if (doomed.length > 0) await this.#trial.hook('deleteEntries')(stream, doomed);
      this.#model.remove(doomed);
    } else {
      const left = this.#random.between(0, existing.length);
      await this.#trial.hook('trimStream')(stream, left);
      this.#model.remove(existing.slice(0, existing.length - left));
    }
  }

  async #read(maxEntries: number): Promise<void> {
    const { vanished, unread, told } = this.#model;
    const before = this.#cursor;
    const read = await this.#trial.readOnce(this.#reader, before, { maxEntries });
    const ids = read.entries.map(({ id }) => id);
    const where = `${this.#name}, at ${before.position} (${before.read} read)`;
    checkEqual([read.lost, read.regressed], [vanished.length, false], `lost and regressed in ${where}`);
    checkEqual(ids, unread.slice(0, ids.length), `entries read in ${where}`);
    check(ids.length <= maxEntries, `at most ${maxEntries} entries are read in ${where}`);
    check(ids.length > 0 || maxEntries === 0 || unread.length === 0, `something is read in ${where}`);
    const position = ids.at(-1) ?? before.position;
    checkEqual(
      read.cursor,
      { ...before, position, read: before.read + vanished.length + ids.length },
      `cursor in ${where}`,
    );
    for (const id of [...vanished, ...ids]) told.add(id);
    this.#cursor = read.cursor;
  }
}

function history(seed: number): Behaviour {
  return {
    name: `every entry is read or counted as lost, once, whatever happens to the stream (${seed} of ${HISTORIES})`,
    needs: ['deleteEntries', 'trimStream'],
    check: async (trial) => {
      for (let variant = 0; variant < 4; variant += 1) await new RandomHistory(trial, seed * 100 + variant).run();
    },
  };
}

/** What a read tells of entries that vanished, by comparison with a naive model on random histories. */
export const LOSS_HISTORIES: BehaviourGroup = {
  group: 'loss histories',
  behaviours: Array.from({ length: HISTORIES }, (_, index) => history(index + 1)),
};
