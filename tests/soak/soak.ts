import type { Redis } from 'ioredis';
import { Audit } from './audit.js';
import { Dice } from './dice.js';
import { Faults } from './faults.js';
import { Figures } from './figures.js';
import { Post, type PostOptions } from './post.js';
import { untilDrained } from './quiet.js';
import { waitFor } from '../support/wait.js';
import { World } from './world.js';

/** What to run. */
export interface SoakOptions {
  readonly seed: number;
  /** How long there are faults, in all. Quieting and checking come on top. */
  readonly seconds: number;
  /** How long there are faults before each check. Default 20. */
  readonly roundSeconds?: number;
  /** Is told how it goes, a line after each check. */
  readonly log: (line: string) => void;
  /** Is told of every fault, and of every process that begins or ends. Default: nobody. */
  readonly trace?: (event: string) => void;
  /** Called at the end, when no process is left: with a client of the server, and what the producers know to be written. */
  readonly atEnd?: (client: Redis, acked: ReadonlyMap<string, number>) => Promise<void>;
}

const CLIENTS = ['ioredis', 'node-redis'] as const;

/** Who works here: each name is one post with a link of its own. */
const POSTS: readonly (Pick<PostOptions, 'role' | 'program' | 'isShared'> & { readonly plan?: object })[] = [
  { role: 'fold', program: 'member.mjs' },
  { role: 'keyed', program: 'member.mjs' },
  { role: 'letters', program: 'member.mjs' },
  { role: 'pair', program: 'member.mjs', isShared: true },
  { role: 'pair', program: 'member.mjs', isShared: true },
  { role: 'tail', program: 'member.mjs' },
  { role: 'producer-a', program: 'producer.mjs', plan: { atOnce: 1, poisonEvery: 900 } },
  { role: 'producer-b', program: 'producer.mjs', plan: { atOnce: 8, poisonEvery: 2_000 } },
];

/**
 * Runs a chain of consumers on both clients while servers, links and processes fail at random, and checks after each round
 * and at the end that everything is exact. The seed draws the faults of each of the three kinds, their order and their
 * lengths, and the client library of each life; at what point of its work they meet a process depends on the machine.
 */
export async function runSoak({ seed, seconds, roundSeconds = 20, log, trace, atEnd }: SoakOptions): Promise<Figures> {
  const figures = new Figures();
  if (trace !== undefined) figures.trace = trace;
  await using world = await World.start();
  const posts = await startPosts(world, seed, figures);
  const faults = new Faults({ world, posts, seed, figures });
  const audit = new Audit();
  try {
    await untilAllWork(posts);
    for (let left = seconds; left > 0 && figures.findings.length === 0; left -= roundSeconds) {
      for (const post of posts) post.quiet(false);
      await faults.run(Math.min(left, roundSeconds) * 1_000);
      // The last check begins at the first entry, with an audit that remembers nothing.
      const audits = left > roundSeconds ? [audit] : [audit, new Audit()];
      const started = performance.now();
      await checkRound({ world, posts, audits, figures });
      log(`${progressLine(figures)}; quiet after ${((performance.now() - started) / 1_000).toFixed(1)} s`);
    }
  } finally {
    for (const post of posts) await post.close();
  }
  await atEnd?.(world.client, ackedOf(posts));
  return figures;
}

async function startPosts(world: World, seed: number, figures: Figures): Promise<Post[]> {
  const posts: Post[] = [];
  for (const [index, { plan, ...options }] of POSTS.entries()) {
    const { url } = await world.proxy(`${options.role} ${index}`);
    const dice = new Dice(`${seed}:${index}`);
    const planOf = (acked: number) => ({ client: dice.pick(CLIENTS), url, from: acked + 1, ...plan });
    posts.push(new Post({ ...options, figures, plan: planOf }));
  }
  return posts;
}

/** Of the pair, one works and the other waits. */
async function untilAllWork(posts: readonly Post[]): Promise<void> {
  const hasBegun = ({ role }: Post) => posts.some((post) => post.role === role && post.hasWorked);
  await waitFor(() => posts.every(hasBegun), 'every consumer to start', 120_000);
}

interface Round {
  readonly world: World;
  readonly posts: readonly Post[];
  readonly audits: readonly Audit[];
  readonly figures: Figures;
}

/** Stops the producers, lets the chain drain, and compares. */
async function checkRound({ world, posts, audits, figures }: Round): Promise<void> {
  const producers = posts.filter(({ role }) => role.startsWith('producer'));
  for (const post of producers) post.quiet(true);
  await waitFor(() => producers.every(({ isQuiet }) => isQuiet), 'the producers to pause', 120_000);
  figures.trace('the producers have paused');
  const stuck = await untilDrained(
    () => world.client,
    () => figures.findings.length > 0,
    figures.trace,
  );
  if (stuck !== undefined) return figures.find(`not drained: ${stuck}`);
  for (const audit of audits) {
    const { findings, duplicates, losses } = await audit.check(world.client, ackedOf(posts));
    figures.checks += 1;
    figures.duplicates += duplicates;
    figures.losses += losses;
    for (const finding of findings) figures.find(finding);
    audit.count(figures);
  }
}

/** The last order that each producer knows to be written. */
function ackedOf(posts: readonly Post[]): Map<string, number> {
  const producers = posts.filter(({ role }) => role.startsWith('producer'));
  return new Map(producers.map((post) => [post.role, post.acked]));
}

function progressLine({ checks, orders, messages, processes, faults, findings }: Figures): string {
  const total = [...faults.values()].reduce((sum, count) => sum + count, 0);
  return `check ${checks}: ${orders} orders, ${messages} messages, ${processes} processes, ${total} faults, ${findings.length} findings`;
}
