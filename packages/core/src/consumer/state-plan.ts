import { ConfigurationError } from '../domain/errors.js';
import { kindOf } from '../state/kind.js';
import { strictJson } from '../state/strict-json.js';
import { demandStored } from '../state/serializer.js';
import type { Serializer } from '../state/serializer.js';
import { TrackedState } from '../state/tracked-state.js';
import { declaredAttributes, Persistable, shadowedAttribute } from '../transaction/persistable.js';
import { countOption, methodsOption, nameOption, objectOption, refuseOption } from './checks.js';

/** A consumer's state: what it is called, how it is kept and stored. */
export interface StatePlan {
  /** Names the stored state; `undefined` names it after the consumer. */
  readonly name: string | undefined;
  readonly tracked: TrackedState;
  readonly serializer: Serializer;
  readonly previousSerializers: readonly Serializer[];
  readonly version: number;
  readonly migrate: ((stored: Record<string, unknown>, fromVersion: number) => Record<string, unknown>) | undefined;
  readonly defaults: () => Record<string, unknown>;
  /** The handler whose attributes the state is, if there is one. */
  readonly persistable: Persistable | undefined;
}

type StateOption = 'handler' | 'state' | 'stateVersion' | 'serializer' | 'migrate' | 'previousSerializers';
type StateOptions = { readonly [K in StateOption]?: unknown };

/** The state that the options declare, or `undefined` for a consumer without. */
export function planState(options: StateOptions): StatePlan | undefined {
  const handler: unknown = options.handler;
  const { serializer, ...storing } = storingOptions(options);
  if (handler instanceof Persistable) {
    const defaults = attributesOf(handler, options);
    if (defaults === undefined) return refuseStoring(options);
    const name = nameOption('handler.uniqueId', handler.uniqueId);
    return { name, tracked: track(defaults, serializer), serializer, ...storing, defaults, persistable: handler };
  }
  refuseForeignPersistable(handler);
  if (options.state === undefined) return refuseStoring(options);
  const defaults = defaultsOption(options.state);
  return {
    name: undefined,
    tracked: track(defaults, serializer),
    serializer,
    ...storing,
    defaults,
    persistable: undefined,
  };
}

/** One of another copy would work as a plain handler: its attributes would neither be stored nor undone. */
function refuseForeignPersistable(handler: unknown): void {
  const { constructor } = handler as { readonly constructor?: Partial<typeof Persistable> };
  if (typeof constructor?.with !== 'function' || typeof constructor.attach !== 'function') return;
  throw new ConfigurationError(
    'handler is a Persistable of another copy of @ars/core, whose attributes would not be stored. Install one copy only.',
    { option: 'handler' },
  );
}

/** Without state, options that say how it is stored do nothing: somebody has forgotten the state. */
function refuseStoring(options: StateOptions): undefined {
  const given = (['stateVersion', 'migrate', 'serializer', 'previousSerializers'] as const).find(
    (name) => options[name] !== undefined,
  );
  if (given === undefined) return undefined;
  throw new ConfigurationError(`${given} is given, but the consumer has no state: declare it by the option state.`, {
    option: given,
  });
}

function storingOptions(
  options: StateOptions,
): Pick<StatePlan, 'serializer' | 'previousSerializers' | 'version' | 'migrate'> {
  const { migrate, previousSerializers = [] } = options;
  if (migrate !== undefined && typeof migrate !== 'function') refuseOption('migrate', 'a function');
  if (!Array.isArray(previousSerializers)) refuseOption('previousSerializers', 'a list of serializers');
  return {
    serializer: options.serializer === undefined ? strictJson : serializerOption('serializer', options.serializer),
    previousSerializers: previousSerializers.map((one) => serializerOption('previousSerializers', one)),
    version: countOption('stateVersion', options.stateVersion, 0, 0),
    migrate: migrate as StatePlan['migrate'],
  };
}

function attributesOf(handler: Persistable, options: StateOptions): StatePlan['defaults'] | undefined {
  if (options.state !== undefined) {
    throw new ConfigurationError('state cannot be given with a Persistable handler, whose attributes are the state.', {
      option: 'state',
    });
  }
  const defaults = declaredAttributes(handler);
  if (defaults === undefined || Object.keys(defaults()).length === 0) return undefined;
  const shadowed = shadowedAttribute(handler, Object.keys(defaults()));
  if (shadowed === undefined) return defaults;
  throw new ConfigurationError(
    `handler: "${shadowed}" is declared as an attribute and again as a class field, accessor or method, which hides it. ` +
      'Give its default in Persistable.with() only.',
    { option: 'handler', attribute: shadowed },
  );
}

function track(defaults: () => Record<string, unknown>, serializer: Serializer): TrackedState {
  const tracked = new TrackedState({ defaults, undefinedProperties: serializer.undefinedProperties });
  refuseUnstorable(tracked.copyAsOf(0), serializer);
  return tracked;
}

function defaultsOption(state: unknown): () => Record<string, unknown> {
  const defaults = (typeof state === 'function' ? state : () => state) as () => Record<string, unknown>;
  const attributes = objectOption('state', defaults());
  if (kindOf(attributes) !== 'plain object')
    refuseOption('state', 'a plain object of attributes, or a function that returns one');
  return defaults;
}

/** A default that cannot be stored would fail every message; say so while there is somebody to read it. */
function refuseUnstorable(defaults: Record<string, unknown>, serializer: Serializer): void {
  for (const [name, value] of Object.entries(defaults)) {
    try {
      demandStored(serializer, serializer.serialize(value));
    } catch (error) {
      throw new ConfigurationError(
        `The default of state attribute "${name}" cannot be stored by serializer "${serializer.name}".`,
        { option: 'state', attribute: name },
        error,
      );
    }
  }
}

function serializerOption(option: string, value: unknown): Serializer {
  const methods = ['serialize', 'deserialize'] as const;
  const serializer = methodsOption<Serializer>(option, value, methods, 'a serializer, such as superjsonSerializer');
  nameOption(`${option}.name`, serializer.name);
  if (serializer.undefinedProperties !== 'kept' && serializer.undefinedProperties !== 'deleted') {
    refuseOption(`${option}.undefinedProperties`, "'kept' or 'deleted'");
  }
  return serializer;
}
