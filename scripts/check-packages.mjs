// Packs every package as it would be published, and lets publint and attw judge the archives.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pnpm, tool } from './run.mjs';

const folder = mkdtempSync(join(tmpdir(), 'ars-packages-'));
const pack = ['--recursive', '--filter', './packages/*', 'exec', 'pnpm', 'pack', '--pack-destination', folder];

/** attw prints a long table, which is worth showing only when something is wrong. */
async function areTypesRight(archive) {
  const attw = (...args) => tool('attw', archive, '--profile', 'esm-only', ...args);
  return (await attw('--quiet')) || (await attw());
}

try {
  let isRight = await pnpm(...pack);
  for (const name of readdirSync(folder)) {
    const archive = join(folder, name);
    isRight = (await tool('publint', 'run', archive, '--strict')) && isRight;
    isRight = (await areTypesRight(archive)) && isRight;
  }
  if (!isRight) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}
