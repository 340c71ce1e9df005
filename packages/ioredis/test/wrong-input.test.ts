import { Cluster } from 'ioredis';
import { describeNames, describeWrongInput } from '../../redis-protocol/test/adapter/input-suite.js';
import { ioredis } from './support/under-test.js';

const clusterOf = (nodes: ConstructorParameters<typeof Cluster>[0], options: object = {}) =>
  new Cluster(nodes, { lazyConnect: true, ...options });

describeWrongInput(ioredis, [
  ['a URL that is none', 'redis://user:s3cret@ho st', 'redis://'],
  ['a database that is no number', 'redis://user:s3cret@localhost/abc', 'db'],
  ['a negative database', { db: -1 }, 'db'],
  ['a database that is a fraction', { db: 1.5 }, 'db'],
  ['sentinels without the name of the master', { sentinels: [{ host: 'a' }] }, 'name'],
  ['the role of a replica', { sentinels: [{ host: 'a' }], name: 'm', role: 'slave' }, 'role'],
  ['a key prefix of bytes', { keyPrefix: Buffer.from('x') }, 'keyPrefix'],
  ['SRV records for a cluster', clusterOf([{ host: 'a' }], { useSRVRecords: true }), 'useSRVRecords'],
]);

const sentinels = [{ host: 'a' }, { host: 'b', port: 5 }];
const starts = [{ host: 'a', port: 1, password: 's3cret' }, 'redis://:s3cret@b:2', 3];

describeNames(ioredis, [
  ['unix:/tmp/redis.sock/1', { path: '/tmp/redis.sock', db: 1, password: 's3cret' }],
  ['redis-sentinel://a:26379,b:5/mine/0', { sentinels, name: 'mine', sentinelPassword: 's3cret' }],
  ['redis-cluster://a:1,b:2,127.0.0.1:3', clusterOf(starts)],
]);
