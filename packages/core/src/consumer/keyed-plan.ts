import { ConfigurationError } from '../domain/errors.js';
import { KeyedFormat } from '../state/keyed-format.js';
import { KeyedStates } from '../state/keyed-states.js';
import { TrackedStateTemplate } from '../state/tracked-state-template.js';
import { countOption, objectOption, refuseOption, refuseUnknown } from './checks.js';
import type { StatePlan } from './state-plan.js';

/** How a consumer keeps one state a key. */
export interface KeyedPlan {
  /** Gives a message's key, whatever the user's function makes of it. */
  readonly keyOf: (message: unknown) => unknown;
  readonly states: KeyedStates;
  readonly format: KeyedFormat;
  readonly template: TrackedStateTemplate;
  /** How long a key's state outlives its last change, by entries' timestamps; `undefined` for ever. */
  readonly ttlMs: number | undefined;
}

type KeyOption = 'key' | 'stateTtlMs' | 'stateCache' | 'concurrency';
type KeyOptions = { readonly [K in KeyOption]?: unknown };

const CACHED_KEYS = 100_000;
const CACHED_BYTES = 128 * 1024 * 1024;

/** The options that belong to `key`; `undefined` for a consumer without keyed state. */
export function keyedPlan(options: KeyOptions, state: StatePlan | undefined): KeyedPlan | undefined {
  const { key } = options;
  if (key !== undefined && typeof key !== 'function') refuseOption('key', 'a function of the message');
  if (key === undefined || state === undefined) {
    refuseWithoutKey(options);
    return undefined;
  }
  if (state.persistable !== undefined)
    refuseOption('key', 'left out with a Persistable handler, whose attributes are one state');
  const cache = options.stateCache === undefined ? {} : objectOption('stateCache', options.stateCache);
  refuseUnknown(cache, ['maxKeys', 'maxBytes'], 'stateCache.');
  const { maxKeys, maxBytes } = cache as Record<string, unknown>;
  const { defaults, serializer, previousSerializers, version, migrate } = state;
  const { undefinedProperties } = serializer;
  const template = new TrackedStateTemplate({ defaults, undefinedProperties, undeclared: 'refused' });
  const format = new KeyedFormat({ serializer, previousSerializers, version, migrate, template });
  return {
    keyOf: key as KeyedPlan['keyOf'],
    states: new KeyedStates({
      format,
      defaults,
      undefinedProperties,
      maxKeys: countOption('stateCache.maxKeys', maxKeys, CACHED_KEYS),
      maxBytes: countOption('stateCache.maxBytes', maxBytes, CACHED_BYTES),
    }),
    format,
    template,
    ttlMs: options.stateTtlMs === undefined ? undefined : countOption('stateTtlMs', options.stateTtlMs, 0),
  };
}

/** The option `concurrency`; more than one at a time needs to know what must stay in order. */
export function concurrencyOption(options: KeyOptions, state: StatePlan | undefined): number {
  const concurrency = countOption('concurrency', options.concurrency, 1);
  if (concurrency === 1 || state === undefined) return concurrency;
  if (state.persistable !== undefined)
    refuseOption('concurrency', '1 for a Persistable handler, whose attributes are one state');
  if (options.key === undefined)
    refuseOption('concurrency', '1 for one state, or given together with key, so that each key has a state of its own');
  return concurrency;
}

function refuseWithoutKey(options: KeyOptions): void {
  const given = (['stateTtlMs', 'stateCache'] as const).find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new ConfigurationError(`${given} is given, but the consumer has no state a key: give key and state.`, {
    option: given,
  });
}
