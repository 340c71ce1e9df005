import { Cluster } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { createIoredisStore, type IoredisConnection } from '@ars/ioredis';

function refusal(connection: unknown, options?: object): { code: string; message: string } {
  try {
    createIoredisStore(connection as IoredisConnection, options);
  } catch (error) {
    return error as { code: string; message: string };
  }
  return expect.fail('was accepted');
}

describe('wrong input is a configuration error', () => {
  test.each([
    ['a URL of another protocol', 'http://localhost', 'redis://'],
    ['a URL without a protocol', 'localhost:6379', 'redis://'],
    ['a URL that is none', 'redis://user:s3cret@ho st', 'redis://'],
    ['a database that is no number', 'redis://user:s3cret@localhost/abc', 'db'],
    ['credentials that are not well-formed', 'redis://user:s3cret%zz@localhost', 'well-formed'],
    ['nothing', undefined, 'connection'],
    ['a number', 6379, 'connection'],
    ['a list of nodes', [{ host: 'a' }], 'Cluster'],
    ['a negative database', { db: -1 }, 'db'],
    ['a database that is a fraction', { db: 1.5 }, 'db'],
    ['sentinels without the name of the master', { sentinels: [{ host: 'a' }] }, 'name'],
    ['the role of a replica', { sentinels: [{ host: 'a' }], name: 'm', role: 'slave' }, 'role'],
    ['a key prefix of bytes', { keyPrefix: Buffer.from('x') }, 'keyPrefix'],
  ])('%s', (_, connection, named) => {
    const { code, message } = refusal(connection);
    expect(code).toBe('ARS_CONFIGURATION');
    expect(message).toContain(named);
    expect(message).not.toContain('s3cret');
  });

  test('an option of the store that does not exist', () => {
    expect(refusal('redis://localhost', { conectTimeoutMs: 5 })).toMatchObject({
      code: 'ARS_CONFIGURATION',
      message: expect.stringContaining('conectTimeoutMs') as string,
    });
  });

  test('SRV records for a cluster', () => {
    const cluster = new Cluster([{ host: 'a' }], { lazyConnect: true, useSRVRecords: true });
    expect(refusal(cluster)).toMatchObject({
      code: 'ARS_CONFIGURATION',
      message: expect.stringContaining('useSRVRecords') as string,
    });
  });
});

describe('a store is named by its address without credentials', () => {
  test.each([
    ['redis://user:s3cret@example.test:7000/2', 'redis://example.test:7000/2'],
    ['redis://example.test', 'redis://example.test:6379/0'],
    ['rediss://:s3cret@[::1]:7000', 'rediss://[::1]:7000/0'],
    [{ path: '/tmp/redis.sock', db: 1, password: 's3cret' }, 'unix:/tmp/redis.sock/1'],
    [
      { sentinels: [{ host: 'a' }, { host: 'b', port: 5 }], name: 'mine', sentinelPassword: 's3cret' },
      'redis-sentinel://a:26379,b:5/mine/0',
    ],
  ])('%j', (connection, name) => {
    expect(createIoredisStore(connection).name).toBe(name);
  });

  test('a cluster by its start-up nodes', () => {
    const cluster = new Cluster([{ host: 'a', port: 1 }, 'redis://:s3cret@b:2', 3], {
      lazyConnect: true,
    });
    expect(createIoredisStore(cluster).name).toBe('redis-cluster://a:1,b:2,127.0.0.1:3');
  });

  test('or as it is told', () => {
    expect(createIoredisStore('redis://localhost', { name: 'orders' }).name).toBe('orders');
  });
});
