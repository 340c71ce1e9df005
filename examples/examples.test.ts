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

/** What it prints differs from run to run, and it takes longer. */
const COUNTER = 'exactly-once-counter';

describe.each(examples.filter((name) => name !== COUNTER))('examples/%s', (name) => {
  test('prints on the memory store what its README shows', async () => {
    expect(await run(name, {})).toBe(outputInReadme(name));
  });

  test('prints on Redis what its README shows', async () => {
    expect(await run(name, { REDIS_URL: inject('redisUrl') })).toBe(outputInReadme(name));
  });
});

describe(`examples/${COUNTER}`, () => {
  test('counts every order once on a Redis server of its own, which is killed too, and prints what its README shows', async () => {
    const output = await run(COUNTER, {}, ['--seconds', '8']);
    expect(withoutFigures(output)).toBe(withoutFigures(outputInReadme(COUNTER)));
  }, 120_000);

  test('counts every order once on the Redis of REDIS_URL', async () => {
    const output = await run(COUNTER, { REDIS_URL: inject('redisUrl') }, ['--seconds', '2']);
    expect(output).toMatch(
      /five processes, on the Redis of REDIS_URL[^]*\nEvery order exactly once, for every account\.\n$/,
    );
  }, 120_000);

  test('counts every order once on the memory store where there is no Redis', async () => {
    const output = await run(COUNTER, { PATH: '' }, ['--seconds', '1']);
    expect(output).toMatch(/^No REDIS_URL[^]*\nEvery order exactly once, for every account\.\n$/);
  }, 120_000);
});

/** Figures other than 0 differ; so does the space before them. */
function withoutFigures(output: string): string {
  return output.replaceAll(/ *\b[1-9]\d*\b/g, ' n').replaceAll(/ +/g, ' ');
}

/** The output of a run that exits with 0 and writes nothing to stderr. */
async function run(name: string, environment: NodeJS.ProcessEnv, args: readonly string[] = []): Promise<string> {
  const { REDIS_URL: _, ...env } = process.env;
  const main = join(here, name, 'dist/main.js');
  const { stdout, stderr } = await execute(process.execPath, [main, ...args], {
    env: { ...env, ...environment },
    timeout: 100_000, // of a program that hangs; the test's own limit comes first
  });
  // The server of the tests keeps nothing on disk, on purpose.
  expect(stderr.replace(/^Store .*NO_PERSISTENCE.*\n/gm, '')).toBe('');
  return stdout;
}

function outputInReadme(name: string): string {
  const output = /^```text\n(.*?)^```$/ms.exec(readFileSync(join(here, name, 'README.md'), 'utf8'));
  if (output === null) throw new Error(`examples/${name}/README.md shows no output in a text block`);
  return output[1]!;
}
