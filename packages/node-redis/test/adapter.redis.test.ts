import { describeConnections } from '../../redis-protocol/test/adapter/one-life-suite.js';
import { testSentinels } from '../../redis-protocol/test/adapter/sentinel-suite.js';
import { describeTls } from '../../redis-protocol/test/adapter/tls-suite.js';
import { describeUnreachable } from '../../redis-protocol/test/adapter/unreachable-suite.js';
import { nodeRedis } from './support/under-test.js';

describeConnections(nodeRedis);
describeUnreachable(nodeRedis);
describeTls(nodeRedis);
await testSentinels(nodeRedis);
