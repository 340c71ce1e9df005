import { parseArgs } from 'node:util';
import { runInMemory } from './in-memory.js';
import { runOnRedis } from './on-redis.js';
import { findRedis } from './redis.js';
import { printTable } from './table.js';

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '8' } } });
const milliseconds = Number(values.seconds) * 1_000;
if (!(milliseconds > 0)) throw new Error('--seconds must be a number above 0');

const redis = await findRedis();
const result = redis === undefined ? await runInMemory(milliseconds) : await runOnRedis(redis, milliseconds);
await redis?.stop();
printTable(result);
process.exit(result.verdict.faults.length === 0 ? 0 : 1);
