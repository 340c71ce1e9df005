import type { Serializer } from '@ars/core';

function tag(value: unknown): unknown {
  if (value instanceof Map) return { map: Array.from(value, ([key, item]) => [tag(key), tag(item)]) };
  if (value instanceof Set) return { set: Array.from(value, tag) };
  if (value instanceof Date) return { date: value.getTime() };
  if (Array.isArray(value)) return value.map(tag);
  if (typeof value !== 'object' || value === null) return value;
  return { object: Object.entries(value).map(([key, item]) => [key, tag(item)]) };
}

type Tagged = { map?: [unknown, unknown][]; set?: unknown[]; date?: number; object?: [string, unknown][] };

function untag(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(untag);
  if (typeof value !== 'object' || value === null) return value;
  const { map, set, date, object } = value as Tagged;
  if (map !== undefined) return new Map(map.map(([key, item]) => [untag(key), untag(item)]));
  if (set !== undefined) return new Set(set.map(untag));
  if (date !== undefined) return new Date(date);
  return Object.fromEntries(object!.map(([key, item]) => [key, untag(item)]));
}

/** A small serializer of a user's own, for what JSON cannot hold: Map, Set and Date. */
export const taggedJson: Serializer = {
  name: 'tagged-json',
  undefinedProperties: 'kept',
  serialize: (value) => JSON.stringify(tag(value)),
  deserialize: (stored) => untag(JSON.parse(String(stored))),
};
