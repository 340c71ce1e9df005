import { spawn, type ChildProcess } from 'node:child_process';

/** One run of a server, whether a process of this machine or a container. */
export interface ServerProcess {
  readonly pid: number | undefined;
  /** Set when the server ended without being asked to; tells what it printed. */
  readonly failure: Error | undefined;
  kill(signal: NodeJS.Signals): Promise<void>;
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/**
 * Runs a server binary on 127.0.0.1. The server ends with this process at the latest. `first` are arguments that must
 * come before all others, such as a configuration file. Default none.
 */
export async function runBinary(
  path: string,
  args: readonly string[],
  dir: string,
  first: readonly string[] = [],
): Promise<ServerProcess> {
  const child = spawn(path, [...first, '--bind', '127.0.0.1', '--dir', dir, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  let failure: Error | undefined;
  let isEnding = false;
  const collect = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000));
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = new Promise<void>((resolve) => {
    child.once('error', (error) => (failure = error));
    child.once('close', (code) => {
      children.delete(child);
      if (!isEnding) failure ??= new Error(`${path} ended with code ${code}:\n${output}`);
      resolve();
    });
  });
  return {
    pid: child.pid,
    get failure() {
      return failure;
    },
    async kill(signal) {
      const isPause = signal === 'SIGSTOP' || signal === 'SIGCONT';
      isEnding ||= !isPause;
      child.kill(signal);
      if (!isPause) await ended;
    },
  };
}
