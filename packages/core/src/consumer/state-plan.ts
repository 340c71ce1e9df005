import { ConfigurationError } from '../domain/errors.js';
import { strictJson } from '../state/strict-json.js';
import type { Serializer } from '../state/serializer.js';
import { TrackedState } from '../state/tracked-state.js';
import { declaredAttributes, Persistable, shadowedAttribute } from '../transaction/persistable.js';
import { countOption, methodsOption, nameOption, objectOption } from './checks.js';
import type { StreamConsumerOptions } from './options.js';

/** A consumer's state: what it is called, how it is kept and stored. */
export interface StatePlan {
  /** Names the stored state; `undefined` names it after the consumer. */
  readonly name: string | undefined;
  readonly tracked: TrackedState;
  readonly serializer: Serializer;
  readonly version: number;
  readonly defaults: () => Record<string, unknown>;
  /** The handler whose attributes the state is, if there is one. */
  readonly persistable: Persistable | undefined;
}

/** The state that the options declare, or `undefined` for a consumer without. */
export function planState<S extends object>(options: StreamConsumerOptions<S>): StatePlan | undefined {
  const serializer = serializerOption(options.serializer);
  const version = countOption('stateVersion', options.stateVersion, 0, 0);
  const handler: unknown = options.handler;
  if (handler instanceof Persistable) return planPersistable(handler, options, serializer, version);
  if (options.state === undefined) return undefined;
  const defaults = defaultsOption(options.state);
  return {
    name: undefined,
    tracked: track(defaults, serializer),
    serializer,
    version,
    defaults,
    persistable: undefined,
  };
}

function planPersistable<S extends object>(
  handler: Persistable,
  options: StreamConsumerOptions<S>,
  serializer: Serializer,
  version: number,
): StatePlan | undefined {
  if (options.state !== undefined) {
    throw new ConfigurationError('state cannot be given with a Persistable handler, whose attributes are the state.', {
      option: 'state',
    });
  }
  const name = nameOption('handler.uniqueId', handler.uniqueId);
  const defaults = declaredAttributes(handler);
  if (defaults === undefined || Object.keys(defaults()).length === 0) return undefined;
  const shadowed = shadowedAttribute(handler, Object.keys(defaults()));
  if (shadowed !== undefined) {
    throw new ConfigurationError(
      `handler: "${shadowed}" is declared as an attribute and again as a class field, accessor or method, which hides it. ` +
        'Give its default in Persistable.with() only.',
      { option: 'handler', attribute: shadowed },
    );
  }
  return { name, tracked: track(defaults, serializer), serializer, version, defaults, persistable: handler };
}

function track(defaults: () => Record<string, unknown>, serializer: Serializer): TrackedState {
  return new TrackedState({ defaults, undefinedProperties: serializer.undefinedProperties });
}

function defaultsOption(state: unknown): () => Record<string, unknown> {
  const defaults = (typeof state === 'function' ? state : () => state) as () => Record<string, unknown>;
  objectOption('state', defaults());
  return defaults;
}

function serializerOption(value: unknown): Serializer {
  if (value === undefined) return strictJson;
  const serializer = methodsOption<Serializer>(
    'serializer',
    value,
    ['serialize', 'deserialize'] as never,
    'a serializer, such as superjsonSerializer',
  );
  nameOption('serializer.name', serializer.name);
  return serializer;
}
