import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));

/** Tests import the packages' sources; only child processes use the build. */
const resolve = { alias: [{ find: /^@ars\/([a-z-]+)$/, replacement: `${root}packages/$1/src/index.ts` }] };

const project = (name: string, include: string[]) => ({
  resolve,
  test: { name, root, include, testTimeout: 30_000, hookTimeout: 60_000 },
});

const packages = readdirSync(`${root}packages`).map((name) => project(name, [`packages/${name}/test/**/*.test.ts`]));

export default defineConfig({
  test: {
    globalSetup: 'tests/support/global-setup.ts',
    maxWorkers: 2,
    projects: [...packages, project('tests', ['tests/**/*.test.ts']), project('examples', ['examples/**/*.test.ts'])],
  },
});
