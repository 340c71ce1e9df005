import { describeConnections } from '../../redis-protocol/test/adapter/one-life-suite.js';
import { testRestarts } from '../../redis-protocol/test/adapter/restart-suite.js';
import { testSentinels } from '../../redis-protocol/test/adapter/sentinel-suite.js';
import { describeTls } from '../../redis-protocol/test/adapter/tls-suite.js';
import { describeUnreachable } from '../../redis-protocol/test/adapter/unreachable-suite.js';
import { ioredis } from './support/under-test.js';

describeConnections(ioredis);
describeUnreachable(ioredis);
describeTls(ioredis);
testRestarts(ioredis);
await testSentinels(ioredis);
