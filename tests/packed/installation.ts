import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const programs = fileURLToPath(new URL('programs', import.meta.url));

/** The part of a package.json that users depend on. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** A project outside the workspace, in which every package is installed from the archive that would be published. */
export interface Installation {
  readonly folder: string;
  /** Names without `@ars/`. */
  readonly packages: readonly string[];
}

/** Packs all packages and installs them with npm, next to the other packages that the given code imports. */
export async function install(snippets: readonly string[]): Promise<Installation> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ars-packed-')));
  await pack(join(folder, 'archives'));
  const archives = readdirSync(join(folder, 'archives')).map((name) => `./archives/${name}`);
  const others = [...new Set(['typescript', '@types/node', 'ioredis', 'redis', ...snippets.flatMap(importsOf)])];
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const options = ['--prefer-offline', '--no-audit', '--no-fund'];
  await execute('npm', ['install', ...options, ...archives, ...others.map(fromCatalog)], { cwd: folder });
  cpSync(programs, folder, { recursive: true });
  return { folder, packages: readdirSync(join(folder, 'node_modules/@ars')) };
}

/** With the pinned pnpm, as `scripts/run.mjs` runs it. */
async function pack(folder: string): Promise<void> {
  mkdirSync(folder);
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string };
  const pnpm = ['-y', '--allow-scripts=pnpm', packageManager];
  const args = ['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder];
  await execute('npx', [...pnpm, ...args], { cwd: root });
}

/** The packages, other than ours and Node's, that a module imports. */
function importsOf(code: string): string[] {
  return [...code.matchAll(/\bfrom '([^'.][^']*)'/g)]
    .map(({ 1: from }) => /^(?:@[^/]+\/)?[^/]+/.exec(from!)![0])
    .filter((name) => !isBuiltin(name) && !name.startsWith('@ars/'));
}

/** `name@range`, with the range of the workspace's catalog. */
function fromCatalog(name: string): string {
  const [, catalog] = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8').split(/^catalog:$/m);
  const lines = catalog!.split(/^\w/m)[0]!.matchAll(/^ {2}'?([^':\s]+)'?: (\S+)/gm);
  const range = new Map([...lines].map(({ 1: key, 2: value }) => [key!, value!])).get(name);
  if (range === undefined) throw new Error(`${name} is imported, but is not in the catalog of pnpm-workspace.yaml`);
  return `${name}@${range}`;
}
