import { describeProtocol } from '../../redis-protocol/test/adapter/protocol-suites.js';
import { nodeRedis } from './support/under-test.js';

describeProtocol(nodeRedis);
