import { AttributeRules } from './attribute-rules.js';
import { ValueCopier } from './copy-value.js';
import { NO_PROPERTIES } from './kind.js';
import type { Properties } from './object-handler.js';
import { OUTERMOST } from './path.js';

/** What a state starts from. */
export interface TrackedStateOptions {
  /** The declared attributes and their default values; called whenever fresh copies are needed. */
  readonly defaults: () => Record<string, unknown>;
  /** What setting an object property to undefined does; as in `Serializer`. */
  readonly undefinedProperties: 'kept' | 'deleted';
  /** Whether attributes may be added that are not declared. Default `kept`. */
  readonly undeclared?: 'kept' | 'refused';
}

/** Makes objects that have no property but their own; see `NO_PROPERTIES`. */
const Container = function () {} as unknown as new () => Properties;
Container.prototype = NO_PROPERTIES;

const NO_VALUES: ReadonlyMap<string, unknown> = new Map();

/** What all states of one declaration share, so that there can be one state per key at little cost each. */
export class TrackedStateTemplate {
  readonly rules: AttributeRules;
  readonly copier: ValueCopier;
  readonly #defaults: () => Record<string, unknown>;

  /** Throws `ConfigurationError` for a default that is undefined. */
  constructor(options: TrackedStateOptions) {
    this.#defaults = options.defaults;
    this.copier = new ValueCopier(options.undefinedProperties === 'deleted');
    this.rules = new AttributeRules(options.defaults(), options.undeclared === 'refused');
  }

  /** The defaults as they were declared: not a copy, unless they were declared by a function that makes one. */
  defaults(): Record<string, unknown> {
    return this.#defaults();
  }

  /**
   * A container of attributes that inherits nothing, so that no attribute's name means anything but the attribute.
   * Declared attributes come first, in the order of their declaration, with a copy of their default where they have no
   * value; the others follow by name. The values are the container's from then on. Throws `SerializationError` for a
   * default that state cannot hold.
   */
  container(values: ReadonlyMap<string, unknown> = NO_VALUES): Properties {
    const container = new Container();
    const { names } = this.rules;
    const defaults = this.#isComplete(values) ? undefined : this.#defaults();
    for (const name of defaults === undefined ? names : Object.keys(defaults)) {
      container[name] = values.has(name) ? values.get(name) : this.copier.copy(defaults?.[name], OUTERMOST, name, 1);
    }
    if (defaults !== undefined || values.size > names.length) {
      for (const name of [...values.keys()].sort()) if (!(name in container)) container[name] = values.get(name);
    }
    return container;
  }

  #isComplete(values: ReadonlyMap<string, unknown>): boolean {
    if (values.size < this.rules.names.length) return false;
    for (const name of this.rules.names) if (!values.has(name)) return false;
    return true;
  }
}
