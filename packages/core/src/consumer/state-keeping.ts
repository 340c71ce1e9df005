import { isArsError, withDetails } from '../domain/errors.js';
import type { Feed } from './feed.js';
import { KeySweep } from './key-sweep.js';
import { KeyedKeeper } from './keyed-keeper.js';
import { KeyedLine } from './keyed-line.js';
import { KeyedLoader } from './keyed-loader.js';
import { stateLostError } from './endings.js';
import { directLine } from './line.js';
import type { Line } from './line.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';
import { NO_STATE_KEEPER, WholeStateKeeper } from './state-keeper.js';
import type { StateKeeper } from './state-keeper.js';

/** How a consumer's state is kept, and what that needs between the feed and the handler. */
export interface StateKeeping {
  readonly states: StateKeeper;
  readonly lineOf: (feed: Feed) => Line;
}

/** What loading keyed state may tell. */
export interface KeepingListener {
  onLoaded(): void;
  /** The store must be asked before anything goes on. */
  onDoubt(error?: unknown): void;
  /** The consumer cannot go on. */
  onFailed(error: unknown): void;
}

/** Chooses how the state that a plan declares is kept: not at all, as one, or one a key. */
export function stateKeeping(plan: ConsumerPlan, progress: Progress, listener: KeepingListener): StateKeeping {
  const { state, keyed } = plan;
  if (state === undefined) return { states: NO_STATE_KEEPER, lineOf: directLine };
  if (keyed === undefined) return { states: new WholeStateKeeper(state), lineOf: directLine };
  const sweep = new KeySweep(keyed, plan, progress);
  const lineOf = (feed: Feed): Line => {
    const loader = new KeyedLoader(keyed.states, {
      onLoaded: () => {
        line.pinLoaded();
        listener.onLoaded();
      },
      onDoubt: (error) => listener.onDoubt(error),
      onLoadFailed: (error) => listener.onFailed(named(error, plan)),
      onStateLost: () => listener.onFailed(stateLostError(plan)),
    });
    const line = new KeyedLine(plan, keyed, feed, loader, sweep);
    return line;
  };
  return { states: new KeyedKeeper(state, keyed, sweep), lineOf };
}

/** What is stored for a key knows neither its stream nor its consumer. */
function named(error: unknown, { address }: ConsumerPlan): unknown {
  if (!isArsError(error)) return error;
  const { consumerId: consumer, scope: stream } = address;
  return withDetails(error, `consumer "${consumer}" of "${stream}"`, { consumer, stream });
}
