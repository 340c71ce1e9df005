import { ConfigurationError } from '../domain/errors.js';

/** Ends construction with an error that names the option and says what it takes. */
export function refuseOption(option: string, expected: string): never {
  throw new ConfigurationError(`${option} must be ${expected}.`, { option });
}

/** Refuses names that are not options, with the nearest hint there is: the list of those that are. */
export function refuseUnknown(given: object, known: readonly string[], prefix = ''): void {
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) {
      throw new ConfigurationError(`${prefix}${name} is not an option. Options are: ${known.join(', ')}.`, {
        option: `${prefix}${name}`,
      });
    }
  }
}

/** An object, for options that hold options. */
export function objectOption(option: string, value: unknown): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuseOption(option, 'an object');
  return value;
}

/** A non-empty, well-formed string. */
export function nameOption(option: string, value: unknown): string {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) refuseOption(option, 'a non-empty string');
  return value;
}

/** A whole number of at least `min`, or the default. */
export function countOption(option: string, value: unknown, fallback: number, min = 1): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min) {
    refuseOption(option, `a whole number of at least ${min}`);
  }
  return value;
}

/** An object with the named methods, or the default. */
export function methodsOption<T>(
  option: string,
  value: unknown,
  methods: readonly (keyof T & string)[],
  expected: string,
): T {
  const isFitting =
    typeof value === 'object' &&
    value !== null &&
    methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');
  if (!isFitting) refuseOption(option, expected);
  return value as T;
}

/** One of some texts, or the default. */
export function choiceOption<T extends string>(option: string, value: unknown, choices: readonly T[], fallback: T): T {
  if (value === undefined) return fallback;
  const choice = choices.find((one) => one === value);
  return choice ?? refuseOption(option, choices.map((one) => `'${one}'`).join(' or '));
}

/** True or false, or the default. */
export function flagOption(option: string, value: unknown, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  return typeof value === 'boolean' ? value : refuseOption(option, 'true or false');
}
