import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProblems } from '../scripts/tidy.mjs';
import { LIMITS, lowerExceptions } from '../scripts/tidy/ratchet.mjs';
import { parseSource, readSources } from '../scripts/tidy/source.mjs';

type Files = Record<string, string>;

const parse = (files: Files) => Object.entries(files).map(([path, text]) => parseSource(`packages/${path}`, text));

function problems(files: Files, exceptions: Record<string, object> = {}): string[] {
  return findProblems(parse(files), exceptions).map(({ path, line, message }) => `${path.slice(9)}:${line} ${message}`);
}

const lines = (count: number) => '// line\n'.repeat(count);
const functionOf = (count: number) => `function f() {\n${'  f();\n'.repeat(count - 2)}}\n`;

test('a tidy package has no problems', () => {
  const files = {
    'core/src/domain/stream-id.ts': '/** An ID. */\nexport type StreamId = string;\n',
    'core/src/index.ts': "export type { StreamId } from './domain/stream-id.js';\n",
  };
  expect(problems(files)).toEqual([]);
});

test('reads every file below packages/*/src, and nothing else', () => {
  const root = mkdtempSync(join(tmpdir(), 'ars-tidy-'));
  for (const path of ['a/src/index.ts', 'a/src/x/y.ts', 'a/src/x/y.json', 'a/test/z.ts', 'b/package.json']) {
    mkdirSync(join(root, 'packages', dirname(path)), { recursive: true });
    writeFileSync(join(root, 'packages', path), '');
  }
  expect(readSources(root).map(({ path }) => path)).toEqual(['packages/a/src/index.ts', 'packages/a/src/x/y.ts']);
  rmSync(root, { recursive: true });
});

describe('sizes', () => {
  test('are limited', () => {
    expect(problems({ 'memory/src/a.ts': lines(250) + functionOf(2) })[0]).toMatch('fileLines 252, at most 250');
    expect(problems({ 'memory/src/a.ts': functionOf(45) })).toEqual([]);
    expect(problems({ 'memory/src/a.ts': `\n${functionOf(46)}` })).toEqual([
      'memory/src/a.ts:2 functionLines 46, at most 45',
    ]);
  });

  test('methods and arrow functions count; braces in strings do not', () => {
    const method = `class A {\n  m() {\n${'    "}";\n'.repeat(50)}  }\n}\n`;
    expect(problems({ 'memory/src/a.ts': method })[0]).toMatch('functionLines 52');
    expect(problems({ 'memory/src/a.ts': `const f = () => {\n${'\n'.repeat(50)}};\n` })[0]).toMatch('functionLines 52');
  });

  const path = 'packages/memory/src/a.ts';
  const granted = (fileLines: number) => ({ [path]: { fileLines } });

  test('an exception holds as long as the file needs exactly that', () => {
    expect(problems({ 'memory/src/a.ts': lines(300) }, granted(300))).toEqual([]);
    expect(problems({ 'memory/src/a.ts': lines(301) }, granted(300))[0]).toMatch('fileLines 301, at most 300');
    expect(problems({ 'memory/src/a.ts': lines(299) }, granted(300))[0]).toMatch('--update');
    expect(problems({ 'memory/src/a.ts': lines(9) }, granted(LIMITS.fileLines))[0]).toMatch('--update');
    expect(problems({}, granted(300))[0]).toMatch('gone');
  });

  test('updating lowers exceptions and never raises or adds one', () => {
    expect(lowerExceptions(parse({ 'memory/src/a.ts': lines(299) }), granted(300))).toEqual(granted(299));
    expect(lowerExceptions(parse({ 'memory/src/a.ts': lines(301) }), granted(300))).toEqual(granted(300));
    expect(lowerExceptions(parse({ 'memory/src/a.ts': lines(9) }), granted(300))).toEqual({});
    expect(lowerExceptions(parse({ 'memory/src/a.ts': lines(999) }), {})).toEqual({});
    expect(lowerExceptions([], granted(300))).toEqual({});
  });
});

describe('exports', () => {
  test('are named one by one', () => {
    expect(problems({ 'memory/src/a.ts': '/** A. */\nexport default 1;' })).toEqual([
      'memory/src/a.ts:2 no default exports',
    ]);
    expect(problems({ 'memory/src/a.ts': "export * from './b.js';" })[0]).toMatch('no export *');
    expect(problems({ 'memory/src/a.ts': "export * as b from './b.js';" })[0]).toMatch('no export *');
    expect(problems({ 'memory/src/a.ts': '/** A. */\nconst a = 1;\nexport { a as default };' })[0]).toMatch(
      'no default',
    );
  });

  test.each(['const a = 1', 'function a() {}', 'class a {}', 'interface a {}', 'type a = 1', 'abstract class a {}'])(
    'export %s needs a doc comment',
    (code) => {
      expect(problems({ 'memory/src/a.ts': `export ${code};` })).toEqual([
        'memory/src/a.ts:1 export a has no doc comment',
      ]);
      expect(problems({ 'memory/src/a.ts': `// A.\nexport ${code};` })).toHaveLength(1);
      expect(problems({ 'memory/src/a.ts': `/** A. */\nfoo();\nexport ${code};` })).toHaveLength(1);
      expect(problems({ 'memory/src/a.ts': `/** A. */\nexport ${code};` })).toEqual([]);
    },
  );

  test('one comment is enough for all overloads, and for a declaration exported later', () => {
    const overloads = '/** A. */\nexport function a(): void;\nexport function a(x?: 1): void {}';
    expect(problems({ 'memory/src/a.ts': overloads })).toEqual([]);
    expect(problems({ 'memory/src/a.ts': '/** A. */\nconst a = 1;\nexport { a };' })).toEqual([]);
    expect(problems({ 'memory/src/a.ts': 'const a = 1;\nexport { a };' })[0]).toMatch('export a has no doc comment');
  });
});

describe('imports', () => {
  const onCycle = { 'memory/src/b.ts': "import { c } from './c.js';" };

  test.each(["import { b } from './b.js';", "import type { b } from './b.js';", "type B = import('./b.js').b;"])(
    'have no cycles: %s',
    (code) => {
      const found = problems({ ...onCycle, 'memory/src/c.ts': code });
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(
        'import cycle: packages/memory/src/b.ts -> packages/memory/src/c.ts -> packages/memory/src/b.ts',
      );
    },
  );

  test('a diamond is no cycle', () => {
    const both = "import './b.js';\nimport './c.js';";
    expect(problems({ ...onCycle, 'memory/src/a.ts': both, 'memory/src/c.ts': '' })).toEqual([]);
  });

  test("never use the package's own face, nor another package's files", () => {
    expect(problems({ 'memory/src/x/a.ts': "import { b } from '../index.js';" })[0]).toMatch('index.ts');
    expect(problems({ 'memory/src/a.ts': "import { b } from '../../core/src/b.js';" })[0]).toMatch(
      'leaves the package',
    );
  });

  test.each([
    ['domain', 'store', false],
    ['store', 'domain', true],
    ['state', 'store', true],
    ['state', 'transaction', false],
    ['transaction', 'consumer', false],
    ['consumer', 'producer', true],
    ['producer', 'consumer', true],
    ['consumer', 'consumer', true],
  ])('in core, %s importing %s is allowed: %s', (from, to, isAllowed) => {
    const found = problems({ [`core/src/${from}/a.ts`]: `import type { b } from '../${to}/b.js';` });
    expect(found.length === 0).toBe(isAllowed);
  });

  test('a file of core lives in a layer', () => {
    expect(problems({ 'core/src/misc/a.ts': '' })[0]).toMatch('in none of the layers');
    expect(problems({ 'core/src/a.ts': '' })[0]).toMatch('in none of the layers');
  });

  test.each([
    ['core', '@ars/memory', false],
    ['memory', '@ars/core', true],
    ['memory', '@ars/redis-protocol', false],
    ['redis-protocol', '@ars/ioredis', false],
    ['ioredis', '@ars/redis-protocol', true],
    ['ioredis', '@ars/memory', false],
    ['node-redis', '@ars/ioredis', false],
    ['node-redis', 'redis', true],
    ['testkit', '@ars/memory', true],
  ])('%s importing %s is allowed: %s', (name, specifier, isAllowed) => {
    const found = problems({ [`${name}/src/index.ts`]: `import type { b } from '${specifier}';` });
    expect(found.length === 0).toBe(isAllowed);
  });
});

describe('time and chance', () => {
  const uses = [
    'Date.now()',
    'Math.random()',
    'performance.now()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'new Date()',
  ];

  test.each([...uses, 'globalThis.setTimeout(f, 1)', 'const now = Date.now'])(
    'core asks its Environment, not %s',
    (code) => {
      expect(problems({ 'core/src/store/a.ts': `${code};` })).toHaveLength(1);
      expect(problems({ 'core/src/domain/environment.ts': `${code};` })).toEqual([]);
      expect(problems({ 'memory/src/a.ts': `${code};` })).toEqual([]);
    },
  );

  test.each(['new Date(5)', 'environment.setTimeout(f, 1)', '"Date.now()"', '// Date.now()', '({ setTimeout: 1 })'])(
    '%s is fine',
    (code) => expect(problems({ 'core/src/store/a.ts': `${code};` })).toEqual([]),
  );
});

test.each([
  'streamId',
  'stream_id',
  'StreamId',
  'utils',
  'stream-utils',
  'helpers',
  'base-store',
  'impl',
  'lease-manager',
])('no file is named %s.ts', (name) => expect(problems({ [`memory/src/${name}.ts`]: '' })).toHaveLength(1));

test.each(['database', 'base64', 'stream-id', 'g10'])('a file may be named %s.ts', (name) => {
  expect(problems({ [`memory/src/${name}.ts`]: '' })).toEqual([]);
});

test('a TODO has an owner', () => {
  expect(problems({ 'memory/src/a.ts': '\n// TODO later' })).toEqual([
    'memory/src/a.ts:2 TODO without an owner: write TODO(name)',
  ]);
  expect(problems({ 'memory/src/a.ts': '// TODO(alex): later\nconst a = "TODO";' })).toEqual([]);
});
