import { describeProtocol } from '../../redis-protocol/test/adapter/protocol-suites.js';
import { ioredis } from './support/under-test.js';

describeProtocol(ioredis);
