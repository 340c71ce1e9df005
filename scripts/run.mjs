import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

const { packageManager } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Runs a program in the repository with its output shown and no stdin. Answers whether it succeeded. */
export function run(command, args) {
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1' };
  const child = spawn(command, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  return new Promise((resolve) => {
    child.once('error', (error) => {
      console.error(`${command}: ${error.message}`);
      resolve(false);
    });
    child.once('close', (code) => resolve(code === 0));
  });
}

/** Runs the pinned pnpm, which nobody needs to have installed. npm 12 runs its install script only when told to. */
export const pnpm = (...args) => run('npx', ['-y', '--allow-scripts=pnpm', packageManager, ...args]);

/** Runs a tool of the repository's devDependencies. */
export const tool = (name, ...args) => run(`${root}node_modules/.bin/${name}`, args);
