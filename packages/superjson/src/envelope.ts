import { SERIALIZED_DEPTH_MAX } from '@ars/core';
import { demandAnnotations } from './annotations.js';
import { corrupt } from './corrupt.js';
import { isReservedName } from './own-superjson.js';

/** What superjson makes of a value: JSON, and what its annotations add. */
export interface Envelope {
  readonly json: never;
  readonly meta?: { readonly values: never; readonly v: number };
}

/** A Map is two levels of JSON: a list of pairs. */
const JSON_DEPTH_MAX = 2 * SERIALIZED_DEPTH_MAX;
/** The version of superjson's annotations; only older ones have none, and paths that are not escaped. */
const ANNOTATIONS_VERSION = 1;

/**
 * Throws `SerializationError` unless a parsed text is an envelope that this serializer may have written. After that,
 * superjson meets only types and paths that are known to be harmless.
 */
export function demandEnvelope(parsed: unknown): asserts parsed is Envelope {
  demandKeys(parsed, ['json'], ['meta']);
  demandJson(parsed['json'], 1);
  if (!('meta' in parsed)) return;
  const { meta } = parsed;
  demandKeys(meta, ['values', 'v'], []);
  if (meta['v'] !== ANNOTATIONS_VERSION) throw corrupt('its annotations are of another version');
  demandAnnotations(parsed['json'], meta['values']);
}

function demandKeys(
  value: unknown,
  required: readonly string[],
  optional: readonly string[],
): asserts value is Record<string, unknown> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  const keys = isObject ? Object.keys(value) : [];
  const isKnown = keys.every((key) => required.includes(key) || optional.includes(key));
  if (!isObject || !isKnown || !required.every((key) => keys.includes(key))) {
    throw corrupt('it is not an envelope of json and meta');
  }
}

/** Nothing in the JSON may be deeper than a value can be, or named so that superjson would not have written it. */
function demandJson(json: unknown, depth: number): void {
  if (typeof json !== 'object' || json === null) return;
  if (depth > JSON_DEPTH_MAX) throw corrupt('it is nested too deeply');
  if (Array.isArray(json)) {
    for (const element of json) demandJson(element, depth + 1);
    return;
  }
  for (const name of Object.keys(json)) {
    if (isReservedName(name)) throw corrupt('it has a reserved name');
    demandJson((json as Record<string, unknown>)[name], depth + 1);
  }
}
