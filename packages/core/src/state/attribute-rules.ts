import { ConfigurationError, StateSchemaError } from '../domain/errors.js';
import { kindProblem } from './kind.js';

/** What the declaration of the attributes demands of every assignment. */
export class AttributeRules {
  /** Names of the declared attributes, sorted by code units. */
  readonly declared: readonly string[];
  readonly #defaults: ReadonlyMap<string, unknown>;

  /** Throws `ConfigurationError` for a default that is undefined. */
  constructor(defaults: Readonly<Record<string, unknown>>) {
    this.#defaults = new Map(Object.entries(defaults));
    this.declared = [...this.#defaults.keys()].sort();
    for (const [name, value] of this.#defaults) {
      if (value === undefined)
        throw new ConfigurationError(`the default of attribute ${JSON.stringify(name)} is undefined; use null`, {
          attribute: name,
        });
    }
  }

  /** Throws unless the attribute may have the value; `undefined` stands for deletion, too. */
  check(name: string, value: unknown): void {
    const defaultValue = this.#defaults.get(name);
    if (defaultValue === undefined) return;
    if (value === undefined) {
      throw new ConfigurationError(
        `attribute ${JSON.stringify(name)} is declared and can be neither deleted nor undefined; use null`,
        { attribute: name },
      );
    }
    if (typeof value === typeof defaultValue && typeof value !== 'object') return;
    const problem = kindProblem(defaultValue, value);
    if (problem !== undefined)
      throw new StateSchemaError(`attribute ${JSON.stringify(name)} ${problem}`, { attribute: name });
  }
}
