// Installs, builds, and runs the first example, which needs no server.
import { pnpm } from './run.mjs';

const steps = [
  ['install', '--frozen-lockfile'],
  ['exec', 'turbo', 'run', 'build', '--filter=./packages/*', '--output-logs=errors-only'],
  ['--dir', 'examples/inventory', 'run', 'start'],
];
for (const step of steps) {
  if (await pnpm(...step)) continue;
  process.exitCode = 1;
  break;
}
