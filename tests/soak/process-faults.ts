import type { Dice } from './dice.js';
import type { Figures } from './figures.js';
import type { Post } from './post.js';
import { last } from './server-faults.js';

const FAULTS: Readonly<Record<string, (post: Post, dice: Dice) => unknown>> = {
  'process killed': (post) => post.signal('SIGKILL'),
  'process killed, then again while it starts': async (post, dice) => {
    post.signal('SIGKILL');
    await last(dice.between(100, 800));
    post.signal('SIGKILL');
  },
  'process paused': async (post, dice) => {
    post.signal('SIGSTOP');
    await last(dice.between(100, 5_000));
    post.wake();
  },
  'process paused and replaced': async (post, dice) => {
    post.signal('SIGSTOP');
    await last(dice.between(100, 1_000));
    post.takeOver();
    await last(dice.between(300, 3_000));
    post.wake();
  },
  'deployed: stopped, then started': (post) => post.signal('SIGTERM'),
  'deployed: started before the stop': (post) => post.takeOver(),
};

/** Meets a process with a fault drawn from the dice. `done` tells when it is over. */
export function faultProcess(posts: readonly Post[], dice: Dice, figures: Figures): { done: Promise<unknown> } {
  const post = dice.pick(posts);
  const kind = dice.pick(Object.keys(FAULTS));
  post.restartDelayMs = dice.pick([0, 0, 0, dice.between(100, 2_000)]);
  const isOwner = !post.role.startsWith('producer');
  const isReplacing = kind === 'process paused and replaced' || kind === 'deployed: started before the stop';
  // Two producers of one name are two that write the same: only one may tell what is acknowledged.
  if (isReplacing && !isOwner) return faultProcess(posts, dice, figures);
  figures.fault(kind, `at ${post.role}`);
  return { done: Promise.resolve(FAULTS[kind]!(post, dice.fork())) };
}
