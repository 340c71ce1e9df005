import { describeCluster } from '../../redis-protocol/test/adapter/cluster-suite.js';
import { nodeRedis } from './support/under-test.js';

describeCluster(nodeRedis);
