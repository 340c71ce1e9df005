import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, test } from 'vitest';

const execute = promisify(execFile);
const here = fileURLToPath(new URL('.', import.meta.url));
const examples = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
  .map(({ name }) => name);

/** Builds as the examples' own `start` does, the packages too where they are out of date. */
beforeAll(async () => {
  const build = execute(join(here, '../node_modules/.bin/tsc'), ['-b', ...examples], { cwd: here });
  await build.catch((error: { stdout: string; message: string }) => expect.fail(error.stdout || error.message));
}, 120_000);

describe.each(examples)('examples/%s', (name) => {
  test('prints on the memory store what its README shows', async () => {
    expect(await run(name, {})).toBe(outputInReadme(name));
  });

  test('prints on Redis what its README shows', async () => {
    expect(await run(name, { REDIS_URL: inject('redisUrl') })).toBe(outputInReadme(name));
  });
});

/** The output of a run that exits with 0 and writes nothing to stderr. */
async function run(name: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const { REDIS_URL: _, ...env } = process.env;
  const main = join(here, name, 'dist/main.js');
  const { stdout, stderr } = await execute(process.execPath, [main], {
    env: { ...env, ...environment },
    timeout: 20_000,
  });
  expect(stderr).toBe('');
  return stdout;
}

function outputInReadme(name: string): string {
  const output = /^```text\n(.*?)^```$/ms.exec(readFileSync(join(here, name, 'README.md'), 'utf8'));
  if (output === null) throw new Error(`examples/${name}/README.md shows no output in a text block`);
  return output[1]!;
}
