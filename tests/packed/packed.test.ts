import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tsBlocksIn } from '../support/ts-blocks.js';
import { install, type Installation, type Manifest } from './installation.js';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const packages = readdirSync(join(root, 'packages'));
const readmes = ['README.md', ...packages.map((name) => `packages/${name}/README.md`)];
const snippets = readmes.flatMap((path) =>
  tsBlocksIn(readFileSync(join(root, path), 'utf8')).map((code) => ({ path, code })),
);

/** This Node, and those that `ARS_NODE` lists. */
const nodes = [process.execPath, ...(process.env['ARS_NODE']?.split(delimiter).filter(Boolean) ?? [])];
const versions = nodes.map((node) => [execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(), node] as const);

let project: Installation;
beforeAll(async () => {
  project = await install(snippets.map(({ code }) => code));
}, 120_000);
afterAll(() => {
  if (project !== undefined) rmSync(project.folder, { recursive: true });
});

const path = (...parts: string[]): string => join(project.folder, ...parts);
const manifestOf = (name: string): string => readFileSync(path('node_modules/@ars', name, 'package.json'), 'utf8');

test('every package is installed from its archive, once, and nowhere a second time', () => {
  const lock = JSON.parse(readFileSync(path('package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string }>;
  };
  const ours = Object.entries(lock.packages).filter(([place]) => place.includes('node_modules/@ars/'));
  expect(project.packages).toEqual(packages);
  expect(ours.map(([place]) => place)).toEqual(packages.map((name) => `node_modules/@ars/${name}`));
  expect(ours.filter(([, { resolved }]) => !resolved?.startsWith('file:archives/'))).toEqual([]);
});

test('an archive holds the build, its README, license and manifest, and nothing else', () => {
  for (const name of project.packages) {
    const content = readdirSync(path('node_modules/@ars', name)).sort();
    expect([name, ...content]).toEqual([name, 'LICENSE', 'README.md', 'dist', 'package.json']);
    const built = readdirSync(path('node_modules/@ars', name, 'dist'), { recursive: true, withFileTypes: true });
    const others = built.filter((entry) => entry.isFile() && !/\.(?:js|d\.ts)(?:\.map)?$/.test(entry.name));
    expect(others.map((entry) => entry.name)).toEqual([]);
  }
});

test('a manifest names versions that npm understands, and @ars/core as a peer only', () => {
  for (const name of project.packages) {
    expect(manifestOf(name)).not.toMatch(/"(?:workspace|catalog|link|file):/);
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(manifestOf(name)) as Manifest;
    expect([name, '@ars/core' in dependencies, '@ars/core' in peerDependencies]).toEqual([
      name,
      false,
      name !== 'core',
    ]);
  }
});

test('the ts blocks of the READMEs compile against what is installed, declarations included', async () => {
  for (const [index, { path: readme, code }] of snippets.entries())
    writeFileSync(path(`${readme.replaceAll('/', '-')}-${index}.ts`), code);
  const compilerOptions = { strict: true, module: 'NodeNext', types: ['node'], noEmit: true, skipLibCheck: false };
  writeFileSync(path('tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  const compiled = execute(path('node_modules/.bin/tsc'), ['--pretty', 'false'], { cwd: project.folder });
  expect(await compiled.catch((error: unknown) => error)).toMatchObject({ stdout: '', stderr: '' });
}, 60_000);

describe.each(versions)('Node %s', (_, node) => {
  /** The output of a program that ends by itself, with 0, and writes nothing to stderr. */
  const run = async (program: string): Promise<unknown> => {
    const { stdout, stderr } = await execute(node, [program], { cwd: project.folder, timeout: 20_000 });
    expect(stderr).toBe('');
    return JSON.parse(stdout);
  };

  test('runs an ESM program that publishes, consumes with state and restarts, with every serializer', async () => {
    expect(await run('end-to-end.mjs')).toEqual({
      hasAll: true,
      results: [
        { serializer: 'json', totals: [1, 3], seen: [] },
        { serializer: 'superjson', totals: [1, 3], seen: ['none', '1', '2'] },
        { serializer: 'msgpack', totals: [1, 3], seen: ['none', '1', '2'] },
      ],
    });
  });

  test('runs a CommonJS program that requires the packages', async () => {
    expect(await run('required.cjs')).toEqual({ total: 2, isSame: true });
  });
});
