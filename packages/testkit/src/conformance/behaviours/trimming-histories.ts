import { compareIds, type EntryId, type Retention } from '@ars/core';
import { SeededRandom } from '../../chance/seeded-random.js';
import type { Behaviour, BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import type { Owner } from '../owner.js';
import type { Trial } from '../trial.js';
import { SLACK } from './trimming.js';

const HISTORIES = 4;
const STEPS = 50;
const HOUR_MS = 3_600_000;

/** A stream as a plain list, and how far each registered consumer of it has come. */
class NaiveModel {
  existing: EntryId[] = [];
  readonly all: EntryId[] = [];
  readonly positions = new Map<string, EntryId>();

  /** How many of the oldest entries may go: all that are below every position. */
  get free(): number {
    const held = [...this.positions.values()];
    return this.existing.filter((id) => held.every((position) => compareIds(id, position) < 0)).length;
  }

  /** How many of the oldest entries a retention does not ask to keep. */
  unwanted(retention: Retention): number {
    if (retention === 'consumed') return this.positions.size === 0 ? 0 : this.free;
    if ('maxLength' in retention) return Math.max(0, this.existing.length - retention.maxLength);
    return this.existing.filter((id) => Number(id.split('-')[0]) < 1_000_000).length;
  }
}

/** One random history of a stream with consumers here and elsewhere, trimmed now and then. */
class RandomHistory {
  readonly #trial: Trial;
  readonly #random: SeededRandom;
  readonly #model = new NaiveModel();
  readonly #owners = new Map<string, Owner>();
  /** Positions in the records of consumers that commit here. */
  readonly #stored = new Map<string, EntryId>();
  readonly #name: string;
  #lastOldMs = 0;

  constructor(trial: Trial, seed: number) {
    this.#trial = trial;
    this.#random = new SeededRandom(seed);
    this.#name = `history${seed}`;
  }

  get #stream(): string {
    return this.#trial.stream(this.#name);
  }

  async run(): Promise<void> {
    for (let step = 0; step < STEPS; step += 1) {
      const dice = this.#random.next();
      if (dice < 0.35) await this.#add(step);
      else if (dice < 0.55) await this.#commit(this.#random.pick(['one', 'two']));
      else if (dice < 0.65) await this.#register();
      else if (dice < 0.72) await this.#unregister();
      else await this.#trim();
    }
  }

  /** Old entries first, then young ones, so that an age tells them apart. */
  async #add(step: number): Promise<void> {
    for (let count = this.#random.between(1, 4); count > 0; count -= 1) {
      const old = step < STEPS / 2 ? `${(this.#lastOldMs += this.#random.between(1, 3))}-0` : undefined;
      const id = await this.#trial.subject.addEntry(this.#stream, ['n', 'x'], old);
      this.#model.all.push(id);
      this.#model.existing.push(id);
    }
  }

  async #commit(consumerId: string): Promise<void> {
    const { all, existing, positions } = this.#model;
    const owner = this.#owners.get(consumerId);
    if (owner === undefined) return this.#claim(consumerId);
    const ahead = existing.filter((id) => compareIds(id, this.#stored.get(consumerId)!) > 0);
    if (ahead.length === 0) return;
    const position = this.#random.pick(ahead);
    await owner.commit({ cursors: [{ stream: this.#stream, position, read: all.indexOf(position) + 1 }] });
    this.#stored.set(consumerId, position);
    positions.set(`here ${consumerId}`, position);
  }

  /** A start counts only for a consumer that has no position yet. */
  async #claim(consumerId: string): Promise<void> {
    const { all, existing, positions } = this.#model;
    const start = this.#random.isLucky(0.5) || existing.length === 0 ? '0-0' : this.#random.pick(existing);
    const starts = [{ stream: this.#stream, position: start, read: all.indexOf(start) + 1 }];
    this.#owners.set(consumerId, await this.#trial.own({ consumerId, streams: [this.#stream] }, starts));
    const position = this.#stored.get(consumerId) ?? start;
    this.#stored.set(consumerId, position);
    positions.set(`here ${consumerId}`, position);
  }

  async #register(): Promise<void> {
    const { all, positions } = this.#model;
    const consumerId = this.#random.pick(['one', 'far']);
    const position = all.length === 0 ? '0-0' : this.#random.pick(all);
    const address = this.#trial.address({ consumerId, streams: [this.#stream], readsHere: false });
    await this.#trial.store.register(address, [{ stream: this.#stream, position, read: 0 }]);
    positions.set(`elsewhere ${consumerId}`, position);
  }

  async #unregister(): Promise<void> {
    const consumerId = this.#random.pick(['one', 'two', 'far', 'nobody']);
    const { positions } = this.#model;
    const was = [`here ${consumerId}`, `elsewhere ${consumerId}`].map((name) => positions.delete(name));
    const address = this.#trial.address({ consumerId, streams: [this.#stream] });
    checkEqual(await this.#trial.store.unregister(address), was.includes(true), `whether ${consumerId} was registered`);
    this.#owners.delete(consumerId);
  }

  async #trim(): Promise<void> {
    const { existing } = this.#model;
    const retention = this.#random.pick<Retention>([
      'consumed',
      'consumed',
      { maxLength: this.#random.between(0, existing.length + 2) },
      { maxAge: HOUR_MS },
    ]);
    const most = Math.min(this.#model.free, this.#model.unwanted(retention));
    const where = `in ${this.#name}, by ${JSON.stringify(retention)}`;
    const count = await this.#trial.store.trim(this.#stream, retention);
    check(count <= most, `at most ${most} of ${existing.length} entries go ${where}, and ${count} went`);
    const isExact = retention === 'consumed' || 'maxAge' in retention;
    check(count >= (isExact ? most : most - SLACK), `${most} entries go ${where}, and ${count} went`);
    const { entries } = await this.#trial.look(this.#name);
    this.#model.existing = existing.slice(count);
    checkEqual(entries.map(({ id }) => id), this.#model.existing, `what is left ${where}`); // prettier-ignore
    checkEqual(
      (await this.#trial.store.consumers(this.#stream)).length,
      this.#model.positions.size,
      'who is registered',
    );
  }
}

function history(seed: number): Behaviour {
  return {
    name: `trimming removes what it says, and nothing that a registered consumer needs (${seed} of ${HISTORIES})`,
    check: async (trial) => {
      for (let variant = 0; variant < 2; variant += 1) await new RandomHistory(trial, seed * 100 + variant).run();
    },
  };
}

/** What trimming removes, by comparison with a naive model on random histories. */
export const TRIMMING_HISTORIES: BehaviourGroup = {
  group: 'trimming histories',
  behaviours: Array.from({ length: HISTORIES }, (_, index) => history(index + 1)),
};
