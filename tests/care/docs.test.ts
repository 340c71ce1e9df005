import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages, and what their programs print. */
const PAGES = [
  ['retention', '1\ntrue\n0'],
  ['dead-letters', 'true 1 ARS_HANDLER\n{ moved: 1, kept: 0, held: 0 }\n0'],
] as const;
let folder = '';

const read = (page: string): string => readFileSync(join(root, `docs/${page}.md`), 'utf8');

/** The ts blocks of a page, one after the other, are a program. */
const programOf = (page: string): string =>
  [...read(page).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('\n');

/** Runs a tool on the programs; they use the sources of the packages, not the build. */
function runTool(tool: string, ...args: string[]): string {
  const bin = join(root, 'tests/node_modules/.bin', tool);
  return spawnSync(bin, args, { cwd: folder, encoding: 'utf8' }).stdout;
}

beforeAll(() => {
  mkdirSync(join(root, 'tests/.reports'), { recursive: true });
  folder = mkdtempSync(join(root, 'tests/.reports/docs-'));
  for (const [page] of PAGES) writeFileSync(join(folder, `${page}.ts`), programOf(page));
  const paths = { '@ars/*': ['../../../packages/*/src/index.ts'] };
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths }, include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rmSync(folder, { recursive: true }));

test.each(PAGES)('docs/%s.md has at most 120 lines', (page) => {
  expect(read(page).trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});

test.each(PAGES)('the snippets of docs/%s.md are a program that prints what their comments say', (page, printed) => {
  expect(runTool('tsx', `${page}.ts`).trim()).toBe(printed);
});

test('the snippets compile under the strictest options', () => {
  const reports = runTool('tsc', '-p', folder, '--pretty', 'false').split('\n');
  expect(reports.filter((line) => PAGES.some(([page]) => line.startsWith(`${page}.ts`)))).toEqual([]);
}, 60_000);
