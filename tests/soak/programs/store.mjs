const TIMEOUTS = { connectTimeoutMs: 3_000, commandTimeoutMs: 2_000 };

/** A store through one of the client libraries. */
export async function createStore(client, url) {
  return client === 'ioredis'
    ? (await import('@ars/ioredis')).createIoredisStore(url, TIMEOUTS)
    : (await import('@ars/node-redis')).createNodeRedisStore(url, TIMEOUTS);
}
