import { addressOf } from './topology.js';
import type { World } from './world.js';

/** What may happen to a stream that nobody could make up for. */
export type Accident = 'none' | 'trimmed unread' | 'deleted';

/** Chooses the accident that a simulation ends with: most often none. */
export function chooseAccident(world: World): Accident {
  const dice = world.random.next();
  if (dice < 0.75) return 'none';
  return dice < 0.9 ? 'trimmed unread' : 'deleted';
}

/** Lets it happen to a stream that producers append to, behind entries that nobody can have read. */
export async function cause(accident: Accident, world: World): Promise<void> {
  const { home, random, topology } = world;
  if (accident === 'none') return;
  const stream = random.pick(topology.sources);
  if (!(await hasPositions(world, stream))) return;
  for (let number = random.between(1, 5); number > 0; number -= 1) home.store.add(stream, { n: `late${number}` });
  home.beforeRemoval();
  const left = home.existing(stream).size;
  if (accident === 'trimmed unread') home.store.truncate(stream, { maxLength: random.between(0, Math.min(3, left)) });
  else home.store.deleteStream(stream);
  world.happened('accident', `${stream} ${accident}`);
}

/** Whether all readers of a stream have a position there: one that begins only now misses nothing. */
async function hasPositions({ home, topology }: World, stream: string): Promise<boolean> {
  for (const spec of topology.consumers.filter(({ inputs }) => inputs.includes(stream))) {
    const opened = await home.store.openHome(addressOf(spec));
    const { record } = await opened.inspect();
    opened.close();
    if (record === undefined) return false;
  }
  return true;
}
