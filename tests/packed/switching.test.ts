import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const example = join(root, 'examples/inventory');

/** Lines of `src/tracker.ts`, and what stands there instead. */
type Change = readonly (readonly [line: string, instead: string])[];

const STORE = '  return REDIS_URL ? createIoredisStore(REDIS_URL) : createMemoryStore();';
const STORE_IMPORT = "import { createIoredisStore } from '@ars/ioredis';";
const STATE = '    state: { stock: 20 },';
const serializer = (name: string): Change => [
  [STATE, `${STATE}\n    serializer: ${name}Serializer,`],
  [STORE_IMPORT, `${STORE_IMPORT}\nimport { ${name}Serializer } from '@ars/${name}';`],
];
const nodeRedis: Change = [
  [STORE, STORE.replace('createIoredisStore', 'createNodeRedisStore')],
  [STORE_IMPORT, "import { createNodeRedisStore } from '@ars/node-redis';"],
];
const memory: Change = [
  [STORE, '  return createMemoryStore();'],
  [`${STORE_IMPORT}\n`, ''],
];

test.each([
  ['node-redis', nodeRedis, true],
  ['superjson', serializer('superjson'), true],
  ['msgpack', serializer('msgpack'), true],
  ['memory', memory, false],
])(
  'one line and its import switch the inventory example to %s, and its output stays the same',
  async (...args) => {
    const [, change, isOnRedis] = args;
    expect(await outputWith(change, isOnRedis ? { REDIS_URL: inject('redisUrl') } : {})).toBe(outputInReadme());
  },
  60_000,
);

/** Builds and runs a copy of the example, in a folder that git passes over and from which all packages can be imported. */
async function outputWith(change: Change, environment: NodeJS.ProcessEnv): Promise<string> {
  mkdirSync(join(root, 'tests/.reports'), { recursive: true });
  const folder = mkdtempSync(join(root, 'tests/.reports/switching-'));
  try {
    cpSync(join(example, 'src'), join(folder, 'src'), { recursive: true });
    rewrite(join(folder, 'src/tracker.ts'), change);
    const compilerOptions = { incremental: false, rootDir: 'src', outDir: 'dist' };
    const tsconfig = { extends: '../../../examples/tsconfig.base.json', compilerOptions, include: ['src'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    const compiled = await execute(join(root, 'node_modules/.bin/tsc'), ['-p', folder]).catch(
      (error: unknown) => error,
    );
    expect(compiled).toMatchObject({ stdout: '', stderr: '' });
    return await run(join(folder, 'dist/main.js'), environment);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rewrite(path: string, change: Change): void {
  let text = readFileSync(path, 'utf8');
  for (const [line, instead] of change) {
    expect(text.split(line), `occurrences of ${line}`).toHaveLength(2);
    text = text.replace(line, instead);
  }
  writeFileSync(path, text);
}

/** The output of a run that exits with 0 and writes nothing to stderr. */
async function run(main: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const { REDIS_URL: _, ...env } = process.env;
  const options = { env: { ...env, ...environment }, timeout: 20_000 };
  const { stdout, stderr } = await execute(process.execPath, [main], options);
  expect(stderr).toBe('');
  return stdout;
}

function outputInReadme(): string {
  return /^```text\n(.*?)^```$/ms.exec(readFileSync(join(example, 'README.md'), 'utf8'))![1]!;
}
