import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { tsBlocksIn } from './support/ts-blocks.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const foldersIn = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [`${folder}/${entry.name}`] : [],
  );
const readmesIn = (folder: string): string[] =>
  foldersIn(folder)
    .map((path) => `${path}/README.md`)
    .filter((path) => existsSync(join(root, path)));
const packageReadmes = readmesIn('packages');
const exampleReadmes = readmesIn('examples');
const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.md'))
  .map((path) => `docs/${path}`);

const read = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the ts blocks of every README compile as they stand', () => {
  expect(compileProblems(['README.md', ...packageReadmes, ...exampleReadmes])).toEqual([]);
}, 60_000);

test('every relative link leads to a file, and to a heading where it names one', () => {
  const files = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...docs, ...packageReadmes, ...exampleReadmes];
  expect(files.flatMap((path) => linkProblems(path, read(path)))).toEqual([]);
});

test.each([
  [200, ['README.md']],
  [150, ['ARCHITECTURE.md']],
  [60, packageReadmes],
  [20, exampleReadmes],
])('at most %i lines', (linesMax, paths) => {
  expect(paths.filter((path) => read(path).trimEnd().split('\n').length > linesMax)).toEqual([]);
});

test('a block that does not compile is reported with its file and line', () => {
  const folder = mkdtempSync(join(root, reports(), 'bad-'));
  try {
    writeFileSync(join(folder, 'README.md'), '# Bad\n\n```ts\nexport const stock: number =\n  "none";\n```\n');
    const path = join(folder, 'README.md').slice(root.length);
    expect(compileProblems([path])).toEqual([expect.stringMatching(/README\.md:4: .*not assignable to type 'number'/)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);

test('a link to nothing is reported with its line; code and other sites are left alone', () => {
  const text =
    'a [good](README.md)\n[bad](no/such.md) [worse](README.md#no-such) `[x](y)`\n```\n[x](y)\n```\n[z](https://a.b)';
  expect(linkProblems('README.md', text)).toEqual([
    'README.md:2: no/such.md does not exist',
    'README.md:2: README.md#no-such: no such heading',
  ]);
});

/** A folder that git, linters and the tests' own type check pass over, and from which the packages can be imported. */
function reports(): string {
  mkdirSync(join(root, 'tests/.reports'), { recursive: true });
  return 'tests/.reports';
}

/**
 * Type-checks each block as a module of its own, as strictly as the packages themselves. The lines above a block are left
 * empty, so that the compiler's line numbers are those of the README. (Pages of docs/ are the affair of typed/docs.test.ts.)
 */
function compileProblems(paths: readonly string[]): string[] {
  const folder = mkdtempSync(join(root, reports(), 'readme-'));
  try {
    const sources = new Map<string, string>();
    for (const path of paths) {
      for (const block of tsBlocksIn(read(path))) {
        const name = `block${sources.size}.ts`;
        sources.set(name, path);
        writeFileSync(join(folder, name), block);
      }
    }
    writeFileSync(join(folder, 'tsconfig.json'), tsconfig([...sources.keys()]));
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder, '--pretty', 'false'], {
      cwd: folder,
      encoding: 'utf8',
    });
    return reportsOf(stdout)
      .filter((report) => !report.startsWith('../'))
      .map((report) => inReadme(report, sources));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The compiler's reports, each with its indented lines. What is wrong in the packages themselves is not this test's affair. */
function reportsOf(output: string): string[] {
  return output
    .trim()
    .split(/\n(?! )/)
    .filter(Boolean);
}

function tsconfig(files: readonly string[]): string {
  const off = [
    'composite',
    'incremental',
    'declaration',
    'declarationMap',
    'sourceMap',
    'inlineSources',
    'isolatedDeclarations',
  ];
  const compilerOptions = {
    ...Object.fromEntries(off.map((option) => [option, false])),
    noEmit: true,
    paths: { '@ars/*': ['../../../packages/*/src/index.ts'] },
  };
  return JSON.stringify({ extends: '../../../tsconfig.base.json', compilerOptions, files });
}

function inReadme(report: string, sources: ReadonlyMap<string, string>): string {
  return report.replace(
    /^(block\d+\.ts)\((\d+),\d+\)/,
    (_, name: string, line: string) => `${sources.get(name)!}:${line}`,
  );
}

function linkProblems(path: string, text: string): string[] {
  return withoutCode(text)
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(({ 1: link }) => {
        const problem = linkProblem(path, link!);
        return problem === undefined ? [] : [`${path}:${index + 1}: ${problem}`];
      }),
    );
}

function linkProblem(path: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [file, heading] = link.split('#') as [string, string?];
  const target = file === '' ? join(root, path) : resolve(root, dirname(path), file);
  if (!existsSync(target)) return `${link} does not exist`;
  if (heading === undefined || headingsIn(readFileSync(target, 'utf8')).includes(heading)) return undefined;
  return `${link}: no such heading`;
}

/** As GitHub names them. */
function headingsIn(text: string): string[] {
  const titles = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(({ 1: title }) => title!);
  return titles.map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Blanks code, keeping the lines. */
function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, (block) => block.replace(/[^\n]/g, '')).replace(/`[^`\n]*`/g, '');
}
