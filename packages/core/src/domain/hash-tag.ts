/**
 * The part of a stream's name that decides its slot: what stands in its first `{…}` if that is not empty, otherwise the
 * whole name (Redis Cluster specification, "hash tags"). Streams with equal tags can share a home.
 */
export function hashTagOf(stream: string): string {
  const open = stream.indexOf('{');
  if (open === -1) return stream;
  const close = stream.indexOf('}', open + 1);
  return close > open + 1 ? stream.slice(open + 1, close) : stream;
}
