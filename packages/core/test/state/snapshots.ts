/** A deep copy without shared parts: the plain model's way of taking a value in. */
export function unshared<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copy);
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [key, copy(held)]));
  if (value instanceof Set) return new Set(value);
  if (value instanceof Date) return new Date(value.getTime());
  const result = {};
  for (const key of Object.keys(value)) {
    const held = copy(Object.getOwnPropertyDescriptor(value, key)!.value);
    Object.defineProperty(result, key, { value: held, writable: true, enumerable: true, configurable: true });
  }
  return result;
}

/** Content with its kinds and orders as nested arrays, so that comparing compares order too. */
export function ordered(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return ['array', value.length, Reflect.ownKeys(value).length, ...value.map(ordered)];
  if (value instanceof Map) return ['Map', ...[...value].map(([key, held]) => [key, ordered(held)])];
  if (value instanceof Set) return ['Set', ...value];
  if (value instanceof Date) return ['Date', value.getTime()];
  return [
    'object',
    ...Reflect.ownKeys(value).map((key) => [key, ordered(Object.getOwnPropertyDescriptor(value, key)!.value)]),
  ];
}
