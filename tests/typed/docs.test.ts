import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The pages, and what their programs print. */
const PAGES = [
  ['typed-streams', "[ 'placed' ]"],
  ['keyed-state', '{ balance: 400, payments: [ 500, -100 ] }\nundefined\nann 400\n{ sent: 2 }'],
  [
    'state-evolution',
    "false\n{ from: 0, to: 1 }\n[ 'cents' ] [ 'total' ] [ 'skus' ]\n{ cents: 450, skus: { tea: 1 } }",
  ],
  ['high-availability', 'standing by\nclaimed\n{ count: 1 }'],
] as const;
let folder = '';

const read = (page: string): string => readFileSync(join(root, `docs/${page}.md`), 'utf8');

/** The ts blocks of a page, one after the other, are a program. */
const programOf = (page: string): string =>
  [...read(page).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join('\n');

/** Runs a tool on the programs; they use the sources of the packages, not the build. */
function runTool(tool: string, ...args: string[]): string {
  const { stdout, stderr } = spawnSync(join(root, 'tests/node_modules/.bin', tool), args, {
    cwd: folder,
    encoding: 'utf8',
  });
  return `${stdout}${stderr}`;
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
