import type { StreamStore } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { cause, chooseAccident } from './accident.js';
import { Chaos } from './chaos.js';
import { checkExactFold } from './checkers/exact-fold.js';
import { checkFencing } from './checkers/fencing.js';
import { checkHandledOnce } from './checkers/handled-once.js';
import { checkOnceInOrder } from './checkers/once-in-order.js';
import { checkPositions } from './checkers/positions.js';
import { collectEvidence } from './evidence.js';
import { produce } from './producers.js';
import { SimulationError } from './simulation-error.js';
import { Supervisor } from './supervisor.js';
import { World } from './world.js';

/** What a simulation is made of. */
export interface SimulationOptions {
  /** Decides everything: the same seed gives the same run, step by step. */
  readonly seed: number;
  /** How many messages producers append. Default 40. */
  readonly messages?: number;
  /** For how long things go wrong, in virtual milliseconds. Default 2,000. */
  readonly durationMs?: number;
  /** What stands between every process and the home's memory store: a store of yours, or a bug. Default nothing. */
  readonly alter?: (memory: MemoryStore) => StreamStore;
  /** Gets every line of the trace as it is written. Default nobody. */
  readonly onTrace?: (line: string) => void;
}

/** What a simulation that kept all promises went through. */
export interface SimulationReport {
  readonly seed: number;
  /** How often what happened: deaths, takeovers, failovers, trims … */
  readonly counts: Readonly<Record<string, number>>;
  /** Handler calls, and commits that were applied. */
  readonly handled: number;
  readonly commits: number;
  /** How much time passed in it, in milliseconds. */
  readonly virtualMs: number;
  readonly trace: readonly string[];
}

/** Once everything has healed, the end comes within so much virtual time. */
const PATIENCE_MS = 60_000;

const CHECKERS = [checkPositions, checkOnceInOrder, checkExactFold, checkFencing, checkHandledOnce];

/**
 * Runs several consumers, some of them chained, through a time in which everything fails that may: processes die and are
 * taken over, handlers throw, answers get lost, calls come late or twice, connections break, the server fails over to
 * an older copy, entries are removed. Then everything heals, the consumers come to the end, and checkers judge what is
 * stored by what they know. All of it runs in virtual time and is repeated exactly by its seed.
 *
 * Rejects with `SimulationError`, which names the seed, what is wrong and what happened.
 */
export async function simulate(options: SimulationOptions): Promise<SimulationReport> {
  const { seed, messages = 40, durationMs = 2_000, alter = (memory) => memory, onTrace = () => {} } = options;
  const world = new World(seed, alter, onTrace);
  const supervisors = world.topology.consumers.map((spec) => new Supervisor(world, spec));
  try {
    const living = live(world, supervisors, messages, durationMs);
    await world.clock.until(living, 'the end of the simulation', { limitMs: durationMs + PATIENCE_MS });
    await world.clock.untilIdle(PATIENCE_MS);
  } catch (error) {
    const { problems, log, trace } = world;
    const seen = [checkFencing, checkHandledOnce].flatMap((check) => check(log));
    throw new SimulationError(seed, [...problems, ...seen, String(error)], trace, error);
  }
  const evidence = await collectEvidence(world, supervisors);
  const problems = [...world.problems, ...CHECKERS.flatMap((check) => check(evidence))];
  if (problems.length > 0) throw new SimulationError(seed, problems, world.trace);
  return reportOf(seed, world);
}

async function live(
  world: World,
  supervisors: readonly Supervisor[],
  messages: number,
  durationMs: number,
): Promise<void> {
  for (const supervisor of supervisors) supervisor.launch();
  const chaos = new Chaos(world, supervisors);
  await Promise.all([produce(world, messages, durationMs), chaos.run(durationMs)]);
  await cause(chooseAccident(world), world);
  world.isHealed = true;
  world.note('everything heals');
  for (const supervisor of supervisors) await supervisor.settle();
  await Promise.all(supervisors.map((supervisor) => supervisor.close()));
}

function reportOf(seed: number, { counts, log, clock, trace }: World): SimulationReport {
  const handled = log.events.filter(({ kind }) => kind === 'handled').length;
  const commits = log.events.filter(
    (event) => event.kind === 'call' && event.call === 'commit' && event.answer?.outcome === 'committed',
  );
  return { seed, counts: Object.fromEntries(counts), handled, commits: commits.length, virtualMs: clock.now(), trace };
}

/** The seeds to run: so many from 1 on, more with `ARS_SEEDS`, or the one that `ARS_SEED` names. */
export function seedsToRun(count: number): readonly number[] {
  const { ARS_SEED: one, ARS_SEEDS: many } = process.env;
  if (one !== undefined && one !== '') return [Number(one)];
  const total = many === undefined || many === '' ? count : Number(many);
  return Array.from({ length: total }, (_, index) => index + 1);
}
