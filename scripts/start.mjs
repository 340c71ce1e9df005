// Installs, builds, and runs the first example, which needs no server. Quiet, so that its output is what one sees.
import { pnpm } from './run.mjs';

const steps = [
  ['install', '--frozen-lockfile', '--reporter=silent'],
  ['--silent', '--dir', 'examples/inventory', 'run', 'start'],
];
for (const step of steps) {
  if (await pnpm(...step)) continue;
  process.exitCode = 1;
  break;
}
