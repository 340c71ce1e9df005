import { createCluster, createSentinel } from 'redis';
import { describe, expect, test } from 'vitest';
import { createNodeRedisStore, type NodeRedisConnection } from '@ars/node-redis';

function refusal(connection: unknown, options?: object): { code: string; message: string } {
  try {
    createNodeRedisStore(connection as NodeRedisConnection, options);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return expect.fail('was accepted');
}

const nodes = [{ host: 'a', port: 1 }];

describe('wrong input is a configuration error', () => {
  test.each([
    ['a URL of another protocol', 'http://localhost', 'redis://'],
    ['a URL without a protocol', 'localhost:6379', 'redis://'],
    ['a URL that is none', 'redis://user:s3cret@ho st', 'well-formed'],
    ['a database that is no number', 'redis://user:s3cret@localhost/abc', 'well-formed'],
    ['credentials that are not well-formed', 'redis://user:s3cret%zz@localhost', 'well-formed'],
    ['a URL that its socket contradicts', { url: 'rediss://:s3cret@a', socket: { tls: false } }, 'socket.tls'],
    ['nothing', undefined, 'connection'],
    ['a number', 6379, 'connection'],
    ['a list of nodes', [{ host: 'a' }], 'cluster'],
    ['a client of another library', { connect: () => {}, duplicate: () => {}, options: {} }, 'client'],
    ['a host that node-redis would overlook', { host: 'a' }, 'socket'],
    ['a negative database', { database: -1 }, 'database'],
    ['a database that is a fraction', 'redis://localhost/1.5', 'database'],
    ['a cluster without nodes', { rootNodes: [] }, 'rootNodes'],
    ['sentinels without the name of the master', { sentinelRootNodes: nodes }, 'name'],
    ['no sentinels', { name: 'm', sentinelRootNodes: [] }, 'sentinelRootNodes'],
    ['a key prefix of bytes', { keyPrefix: Buffer.from('x') }, 'keyPrefix'],
  ])('%s', (_, connection, named) => {
    const { code, message } = refusal(connection);
    expect(code).toBe('ARS_CONFIGURATION');
    expect(message).toContain(named);
    expect(message).not.toContain('s3cret');
  });

  test('options of the store that do not exist, or are none', () => {
    for (const [options, named] of [
      [{ conectTimeoutMs: 5 }, 'conectTimeoutMs'],
      [null, 'options'],
    ] as const) {
      const { code, message } = refusal('redis://localhost', options as object);
      expect(code).toBe('ARS_CONFIGURATION');
      expect(message).toContain(named);
    }
  });
});

describe('a store is named by its address without credentials', () => {
  test.each<[NodeRedisConnection, string]>([
    ['redis://user:s3cret@example.test:7000/2', 'redis://example.test:7000/2'],
    ['redis://example.test', 'redis://example.test:6379/0'],
    ['rediss://:s3cret@[::1]:7000', 'rediss://[::1]:7000/0'],
    ['unix://user:s3cret@/tmp/redis.sock?db=1', 'unix:/tmp/redis.sock/1'],
    [{ socket: { path: '/tmp/redis.sock', tls: false }, database: 1, password: 's3cret' }, 'unix:/tmp/redis.sock/1'],
    [{ url: 'redis://:s3cret@a', database: 2 }, 'redis://a:6379/2'],
    [{ name: 'mine', sentinelRootNodes: [...nodes, { host: 'b', port: 5 }] }, 'redis-sentinel://a:1,b:5/mine/0'],
  ])('%j', (connection, name) => {
    expect(createNodeRedisStore(connection).name).toBe(name);
  });

  test('sentinels and clusters by the nodes that their client is made with', () => {
    const nodeClientOptions = { password: 's3cret', database: 4 };
    const sentinel = createSentinel({ name: 'mine', sentinelRootNodes: nodes, nodeClientOptions });
    expect(createNodeRedisStore(sentinel).name).toBe('redis-sentinel://a:1/mine/4');
    const cluster = createCluster({ rootNodes: [{ url: 'redis://:s3cret@a:1' }, { socket: { port: 2 } }] });
    expect(createNodeRedisStore(cluster).name).toBe('redis-cluster://a:1,127.0.0.1:2');
  });

  test('or as it is told', () => {
    expect(createNodeRedisStore('redis://localhost', { name: 'orders' }).name).toBe('orders');
  });
});
