import { ConfigurationError, StateSchemaError } from '../domain/errors.js';
import { kindProblem } from './kind.js';

/** What the declaration of the attributes demands of every assignment. */
export class AttributeRules {
  /** Names of the declared attributes, in the order of their declaration. */
  readonly names: readonly string[];
  /** The same names, sorted by code units. */
  readonly declared: readonly string[];
  readonly #defaults: ReadonlyMap<string, unknown>;
  readonly #refusesOthers: boolean;

  /** `refusesOthers` allows declared attributes only. Throws `ConfigurationError` for a default that is undefined. */
  constructor(defaults: Readonly<Record<string, unknown>>, refusesOthers = false) {
    this.#refusesOthers = refusesOthers;
    this.#defaults = new Map(Object.entries(defaults));
    this.names = [...this.#defaults.keys()];
    this.declared = [...this.names].sort();
    for (const [name, value] of this.#defaults) {
      if (value === undefined)
        throw new ConfigurationError(`the default of attribute ${JSON.stringify(name)} is undefined; use null`, {
          attribute: name,
        });
    }
  }

  /** Whether an attribute is declared. */
  declares(name: string): boolean {
    return this.#defaults.has(name);
  }

  /** Why a value cannot take the place of the attribute's default; see `kindProblem`. Attributes that are not declared take all. */
  kindProblem(name: string, value: unknown): string | undefined {
    const defaultValue = this.#defaults.get(name);
    if (typeof value === typeof defaultValue && typeof value !== 'object') return undefined;
    return kindProblem(defaultValue, value);
  }

  /** Throws unless the attribute may have the value; `undefined` stands for deletion, too. */
  check(name: string, value: unknown): void {
    const defaultValue = this.#defaults.get(name);
    if (defaultValue === undefined) return this.#checkUndeclared(name);
    if (value === undefined) {
      throw new ConfigurationError(
        `attribute ${JSON.stringify(name)} is declared and can be neither deleted nor undefined; use null`,
        { attribute: name },
      );
    }
    const problem = this.kindProblem(name, value);
    if (problem !== undefined)
      throw new StateSchemaError(`attribute ${JSON.stringify(name)} ${problem}`, { attribute: name });
  }

  #checkUndeclared(name: string): void {
    if (!this.#refusesOthers) return;
    throw new ConfigurationError(
      `attribute ${JSON.stringify(name)} is not declared, and the state of a key holds declared attributes only: ` +
        'declare it with a default, such as null',
      { attribute: name },
    );
  }
}
