import { createCluster, createSentinel } from 'redis';
import { describeNames, describeWrongInput } from '../../redis-protocol/test/adapter/input-suite.js';
import { nodeRedis } from './support/under-test.js';

const nodes = [{ host: 'a', port: 1 }];

describeWrongInput(nodeRedis, [
  ['a URL that is none', 'redis://user:s3cret@ho st', 'well-formed'],
  ['a database that is no number', 'redis://user:s3cret@localhost/abc', 'well-formed'],
  ['a URL that its socket contradicts', { url: 'rediss://:s3cret@a', socket: { tls: false } }, 'socket.tls'],
  ['a client of another library', { connect: () => {}, duplicate: () => {}, options: {} }, 'client'],
  ['a host that node-redis would overlook', { host: 'a' }, 'socket'],
  ['a negative database', { database: -1 }, 'database'],
  ['a database that is a fraction', 'redis://localhost/1.5', 'database'],
  ['a cluster without nodes', { rootNodes: [] }, 'rootNodes'],
  ['sentinels without the name of the master', { sentinelRootNodes: nodes }, 'name'],
  ['no sentinels', { name: 'm', sentinelRootNodes: [] }, 'sentinelRootNodes'],
  ['a key prefix of bytes', { keyPrefix: Buffer.from('x') }, 'keyPrefix'],
]);

const nodeClientOptions = { password: 's3cret', database: 4 };
const rootNodes = [{ url: 'redis://:s3cret@a:1' }, { socket: { port: 2 } }];

describeNames(nodeRedis, [
  ['unix:/tmp/redis.sock/1', 'unix://user:s3cret@/tmp/redis.sock?db=1'],
  ['unix:/tmp/redis.sock/1', { socket: { path: '/tmp/redis.sock', tls: false }, database: 1, password: 's3cret' }],
  ['redis://a:6379/2', { url: 'redis://:s3cret@a', database: 2 }],
  ['redis-sentinel://a:1,b:5/mine/0', { name: 'mine', sentinelRootNodes: [...nodes, { host: 'b', port: 5 }] }],
  ['redis-sentinel://a:1/mine/4', createSentinel({ name: 'mine', sentinelRootNodes: nodes, nodeClientOptions })],
  ['redis-cluster://a:1,127.0.0.1:2', createCluster({ rootNodes })],
]);
