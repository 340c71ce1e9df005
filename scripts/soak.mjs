// Mixes all faults at random for some time, and checks that every result is exact. Exits with 1, and names the seed, if not.
//   node scripts/soak.mjs --minutes 10 --seed 42   (--seconds 30 for a short one, --round 20 for the seconds between checks,
//   --trace to see each fault)
import { spawn } from 'node:child_process';
import { root, tool } from './run.mjs';

const isBuilt = await tool('tsc', '-b');
process.exitCode = isBuilt ? await soak(process.argv.slice(2)) : 1;

/** The programs of tests are TypeScript; what they start as processes of their own is the build. */
function soak(args) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'soak/main.ts', ...args], {
    cwd: `${root}tests`,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}
