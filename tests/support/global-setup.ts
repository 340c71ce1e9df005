import type { TestProject } from 'vitest/node';
import { findRedis, type RedisSource } from './redis.js';
import { startServer } from './server.js';

/** Test projects that never need a server, so that they run where there is none. */
const WITHOUT_REDIS = ['core', 'memory'];

/** Provides `redisUrl`: one server for the whole run, without persistence, killed at its end. */
export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  if (project.vitest.projects.every(({ name }) => WITHOUT_REDIS.includes(name))) {
    project.provide('redisUrl', '');
    return undefined;
  }
  const source: RedisSource = await findRedis();
  if (source.kind === 'url') {
    project.provide('redisUrl', source.url);
    return undefined;
  }
  const server = await startServer({ source });
  project.provide('redisUrl', server.url);
  return () => server.stop();
}
