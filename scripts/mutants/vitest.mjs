import { spawn } from 'node:child_process';
import { join } from 'node:path';

const HUNG = { passed: 0, failed: [], brokenFiles: [], isOk: false, isHung: true };

/** Runs tests of a copy of the checkout, in a process of its own that stays for the next run. */
export class TestHost {
  #folder;
  #child;

  constructor(folder) {
    this.#folder = folder;
  }

  /**
   * Runs the tests that these arguments of vitest choose, in their order, after these files have changed. A run beyond the
   * time is ended, and says `isHung`.
   */
  async run(filters, { changed, timeoutMs, isFirstEnough }) {
    const child = (this.#child ??= await this.#start());
    const result = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(HUNG), timeoutMs);
      const end = (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      child.once('message', end);
      child.once('close', () => end(HUNG));
      child.send({ filters, changed, isFirstEnough });
    });
    child.removeAllListeners('message');
    child.removeAllListeners('close');
    if (result.isHung === true) this.stop();
    return result;
  }

  /** Ends the process and all that it has started. */
  stop() {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  async #start() {
    const program = join(this.#folder, 'scripts/mutants/host.mjs');
    const stdio = ['ignore', 'ignore', 'ignore', 'ipc'];
    const child = spawn(process.execPath, [program], { cwd: this.#folder, detached: true, stdio });
    await new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('close', (code) =>
        reject(new Error(`The host of the tests ended with code ${code} before it was ready.`)),
      );
    });
    child.removeAllListeners('close');
    return child;
  }
}

/** Builds all packages. A mutant may be wrong in its types; its code is written nevertheless. */
export async function build(folder) {
  const program = join(folder, 'node_modules/.bin/tsc');
  const child = spawn(program, ['-b'], { cwd: folder, stdio: 'ignore' });
  await new Promise((resolve) => child.once('close', resolve));
}
