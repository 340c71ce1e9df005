import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Tests import the packages' sources; only child processes use the build. */
const resolve = { alias: [{ find: /^@ars\/([a-z-]+)$/, replacement: `${root}packages/$1/src/index.ts` }] };

const project = (name: string, include: string[], alias: typeof resolve.alias = []) => ({
  resolve: { alias: [...resolve.alias, ...alias] },
  test: { name, root, include, testTimeout: 30_000, hookTimeout: 60_000 },
});

const packages = readdirSync(`${root}packages`).map((name) => project(name, [`packages/${name}/test/**/*.test.ts`]));

/** How adapters connect, commit and lose connections is tested on the previous major version of their client too. */
const previousMajor = (adapter: string, client: string) => {
  const tests = ['connections', 'adapter'].map((name) => `packages/${adapter}/test/${name}.redis.test.ts`);
  return project(`${adapter}-previous`, tests, [{ find: new RegExp(`^${client}$`), replacement: `${client}-5` }]);
};

export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    maxWorkers: 2,
    projects: [
      ...packages,
      previousMajor('ioredis', 'ioredis'),
      previousMajor('node-redis', 'redis'),
      project('tests', ['tests/**/*.test.ts']),
      project('examples', ['examples/*.test.ts']),
    ],
  },
});
