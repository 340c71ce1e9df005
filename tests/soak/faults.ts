import { Dice } from './dice.js';
import type { Figures } from './figures.js';
import { faultLink } from './link-faults.js';
import type { Post } from './post.js';
import { faultProcess } from './process-faults.js';
import { faultServer, last } from './server-faults.js';
import type { World } from './world.js';

/** What faults meet, and what draws them. */
export interface FaultOptions {
  readonly world: World;
  readonly posts: readonly Post[];
  readonly seed: number;
  readonly figures: Figures;
}

/** Faults of servers, of links and of processes, side by side, each kind drawn by dice of its own. */
export class Faults {
  readonly #options: FaultOptions;
  readonly #servers: Dice;
  readonly #links: Dice;
  readonly #processes: Dice;

  constructor(options: FaultOptions) {
    this.#options = options;
    [this.#servers, this.#links, this.#processes] = ['servers', 'links', 'processes'].map(
      (kind) => new Dice(`${options.seed}:${kind}`),
    ) as [Dice, Dice, Dice];
  }

  /** Lets faults happen for so long, then mends everything. */
  async run(ms: number): Promise<void> {
    const until = Date.now() + ms;
    await Promise.all([this.#faultServers(until), this.#faultLinks(until), this.#faultProcesses(until)]);
    await this.#mend();
  }

  /** One at a time: a server that is down cannot be told to be read-only. */
  async #faultServers(until: number): Promise<void> {
    const { world, figures } = this.#options;
    const dice = this.#servers;
    for (await last(dice.between(100, 1_000)); Date.now() < until; await last(dice.between(200, 1_500))) {
      await faultServer(world, dice, figures);
    }
  }

  /** As many at once as there happen to be. */
  async #faultLinks(until: number): Promise<void> {
    const { world, figures } = this.#options;
    const dice = this.#links;
    const open: Promise<unknown>[] = [];
    for (; Date.now() < until; await last(dice.between(50, 700))) open.push(faultLink(world, dice, figures).done);
    await Promise.all(open);
  }

  async #faultProcesses(until: number): Promise<void> {
    const { posts, figures } = this.#options;
    const dice = this.#processes;
    const open: Promise<unknown>[] = [];
    for (; Date.now() < until; await last(dice.between(200, 1_200))) open.push(faultProcess(posts, dice, figures).done);
    await Promise.all(open);
  }

  async #mend(): Promise<void> {
    const { world, posts } = this.#options;
    for (const post of posts) post.wake();
    for (const proxy of world.proxies) {
      proxy.blackhole(false);
      proxy.delay(0);
      proxy.duplicate(() => false);
    }
    await world.untilInSync();
  }
}
