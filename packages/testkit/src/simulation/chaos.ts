import { compareIds, type EntryId } from '@ars/core';
import type { Supervisor } from './supervisor.js';
import { addressOf } from './topology.js';
import type { World } from './world.js';

/** What happens to processes, connections and streams while a simulation runs. */
export class Chaos {
  readonly #world: World;
  readonly #supervisors: readonly Supervisor[];

  constructor(world: World, supervisors: readonly Supervisor[]) {
    this.#world = world;
    this.#supervisors = supervisors;
  }

  /** Does one thing after another for so long. */
  async run(durationMs: number): Promise<void> {
    const { clock, random } = this.#world;
    const endMs = clock.now() + durationMs;
    for (;;) {
      await clock.sleep(random.next() * 160);
      if (clock.now() >= endMs) return;
      await this.#act(random.next());
    }
  }

  async #act(dice: number): Promise<void> {
    const { home, random } = this.#world;
    const supervisor = random.pick(this.#supervisors);
    if (dice < 0.2) supervisor.current?.kill();
    else if (dice < 0.35) this.#takeOver(supervisor);
    else if (dice < 0.45) void supervisor.current?.consumer.stop();
    else if (dice < 0.55) {
      home.store.disconnect();
      this.#world.happened('disconnect');
    } else if (dice < 0.65) this.#world.copy();
    else if (dice < 0.73) this.#world.failover();
    else if (dice < 0.88) await this.#trimConsumed(random.pick(this.#world.topology.streams));
    else await this.#deleteConsumed(random.pick(this.#world.topology.streams));
  }

  #takeOver(supervisor: Supervisor): void {
    const earlier = supervisor.current;
    if (earlier === undefined || supervisor.finalEnd !== undefined) return;
    const later = supervisor.launch();
    this.#world.happened('takeover', `of ${earlier.name} by ${later.name}`);
  }

  async #trimConsumed(stream: string): Promise<void> {
    const consumed = await this.#consumed(stream);
    if (consumed.length === 0) return;
    const { home, random } = this.#world;
    const minId = random.pick(consumed);
    home.beforeRemoval();
    const count = home.store.truncate(stream, { minId });
    this.#world.happened('trim', `of ${count} in ${stream}, below ${minId}`);
  }

  async #deleteConsumed(stream: string): Promise<void> {
    const { home, random } = this.#world;
    const doomed = (await this.#consumed(stream)).filter(() => random.isLucky(0.3));
    if (doomed.length === 0) return;
    home.beforeRemoval();
    const count = home.store.delete(stream, ...doomed);
    this.#world.happened('delete', `of ${count} in ${stream}`);
  }

  /** The entries of a stream that each of its readers has committed, as stored now. */
  async #consumed(stream: string): Promise<EntryId[]> {
    const { home } = this.#world;
    const positions: EntryId[] = [];
    for (const { spec } of this.#supervisors) {
      if (spec.isRelay || !spec.inputs.includes(stream)) continue;
      const opened = await home.store.openHome(addressOf(spec));
      const { record } = await opened.inspect();
      opened.close();
      positions.push(record?.cursors.find((cursor) => cursor.stream === stream)?.position ?? '0-0');
    }
    const least = positions.reduce((a, b) => (compareIds(a, b) < 0 ? a : b), positions[0] ?? '0-0');
    return [...home.existing(stream)].filter((id) => compareIds(id, least) <= 0);
  }
}
