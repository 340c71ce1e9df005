// Everything that must hold before a change is merged, on a laptop, in CI and before a release.
//   node scripts/check.mjs             runs all steps, goes on after a failed one, and ends with "N passed, N failed"
//   node scripts/check.mjs --install   installs the dependencies first
import { readFileSync, rmSync } from 'node:fs';
import { pnpm, root, run, tool } from './run.mjs';
import { summarize } from './summary.mjs';

const reportFile = `${root}.reports/vitest.json`;
const node = (...args) => run(process.execPath, args);

const steps = {
  'build and typecheck': () =>
    pnpm('exec', 'turbo', 'run', 'build', 'typecheck', '--continue', '--output-logs=new-only'),
  lint: () => tool('oxlint', '--type-aware', '--deny-warnings'),
  format: () => tool('oxfmt', '--check'),
  tidy: () => node('scripts/tidy.mjs'),
  packages: () => node('scripts/check-packages.mjs'),
};

const runTests = () =>
  tool('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`);

async function main(args) {
  rmSync(reportFile, { force: true });
  if (args.includes('--install') && !(await step('install', () => pnpm('install', '--frozen-lockfile'))))
    return finish(['install'], true);
  const failedSteps = [];
  for (const [name, action] of Object.entries(steps)) if (!(await step(name, action))) failedSteps.push(name);
  finish(failedSteps, await step('test', runTests));
}

async function step(name, action) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const isDone = await action();
  console.log(`== ${name}: ${isDone ? 'ok' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return isDone;
}

function finish(failedSteps, didTestsSucceed) {
  const { failed, line } = summarize(readReport(), failedSteps.length, didTestsSucceed);
  if (failedSteps.length > 0) console.log(`\nfailed steps: ${failedSteps.join(', ')}`);
  console.log(`\n${line}`);
  process.exitCode = failed > 0 ? 1 : 0;
}

function readReport() {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    return undefined;
  }
}

await main(process.argv.slice(2));
