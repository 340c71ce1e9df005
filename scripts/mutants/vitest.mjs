import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';

const REPORT = '.reports/mutant.json';

/**
 * Runs tests of a checkout with vitest's arguments, one file after another. `isFirstEnough` ends the run with the first
 * failed test.
 */
export async function runTests(folder, args, { timeoutMs, isFirstEnough = false }) {
  rmSync(join(folder, REPORT), { force: true });
  const options = ['run', '--maxWorkers', '1', '--reporter=json', `--outputFile.json=${REPORT}`];
  if (isFirstEnough) options.push('--bail', '1');
  const { code, isHung } = await end(folder, 'vitest', [...options, ...args], timeoutMs);
  const files = readReport(folder)?.testResults ?? [];
  const tests = files.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status, failureMessages }) => {
      return { name: fullName, file: relative(folder, name), status, message: failureMessages?.[0] ?? '' };
    }),
  );
  const failed = tests.filter(({ status }) => status === 'failed');
  const withoutTests = files.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const passed = tests.filter(({ status }) => status === 'passed').length;
  const brokenFiles = withoutTests.map(({ name }) => relative(folder, name));
  return { isOk: code === 0 && passed > 0, isHung, passed, failed, brokenFiles };
}

/** Builds all packages. A mutant may be wrong in its types; its code is written nevertheless. */
export async function build(folder) {
  await end(folder, 'tsc', ['-b'], 300_000);
}

/** Runs a tool to its end, without its output; beyond the time, it and what it started are killed. */
function end(folder, tool, args, timeoutMs) {
  const env = { ...process.env, CI: '1' };
  const program = join(folder, 'node_modules', '.bin', tool);
  const child = spawn(program, args, { cwd: folder, env, stdio: 'ignore', detached: true });
  const kill = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  };
  process.once('exit', kill);
  return new Promise((resolve) => {
    let isHung = false;
    const timer = setTimeout(() => {
      isHung = true;
      kill();
    }, timeoutMs);
    child.once('close', (code) => {
      clearTimeout(timer);
      process.removeListener('exit', kill);
      resolve({ code, isHung });
    });
  });
}

function readReport(folder) {
  try {
    return JSON.parse(readFileSync(join(folder, REPORT), 'utf8'));
  } catch {
    return undefined;
  }
}
