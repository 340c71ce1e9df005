// Installs, builds, and runs the first example, which needs no server. Quiet, so that its output is what one sees.
import { pnpm } from './run.mjs';

const install = ['install', '--frozen-lockfile'];
const isInstalled = (await pnpm(...install, '--reporter=silent')) || (await pnpm(...install)); // again, to say what is wrong
const isShown = isInstalled && (await pnpm('--silent', '--dir', 'examples/inventory', 'run', 'start'));
process.exitCode = isShown ? 0 : 1;
