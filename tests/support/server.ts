import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBinary, type ServerProcess } from './binary.js';
import { runContainer } from './container.js';
import { findStartableRedis, type RedisSource } from './redis.js';
import { request } from './resp.js';
import { waitFor } from './wait.js';

/** How a test's own server is started. */
export interface ServerOptions {
  /** Further arguments of the server, such as `['--maxmemory', '10mb']`. Default none. */
  readonly args?: readonly string[];
  /** Default a random free port. */
  readonly port?: number;
  /** Where the data lives. Default a temporary folder, which `stop` removes; a folder given here is kept. */
  readonly dir?: string;
  /** Whether every write is synced to an append-only file, so that it survives `kill`. Default false. */
  readonly appendonly?: boolean;
  /** Which server to run. Default what `findStartableRedis` finds. */
  readonly source?: Exclude<RedisSource, { kind: 'url' }>;
}

/** A server that belongs to one test. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  /** The process ID on this machine; undefined in a container and while the server is down. */
  readonly pid: number | undefined;
  /** Sends a signal (default `SIGKILL`) and, unless it only pauses or resumes, waits until the server has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the server again with the same port, arguments and data; ends it with `SIGTERM` first when it runs. */
  restart(): Promise<void>;
  /** Ends the server and removes its temporary folder. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a server on 127.0.0.1 without persistence (unless `appendonly`) and waits until it answers. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const source = options.source ?? (await findStartableRedis());
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'ars-redis-')));
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await findFreePort());
    const args = serverArguments(options, port);
    const run = () =>
      source.kind === 'binary' ? runBinary(source.path, args, dir) : runContainer(source.image, args, dir, port);
    try {
      return new RunningServer({
        port,
        dir,
        isOwnDir: options.dir === undefined,
        run,
        process: await runReady(run, port),
      });
    } catch (error) {
      const isPortTaken = /address already in use|port is already allocated/i.test(String(error));
      if (options.port === undefined && isPortTaken && attempt < 5) continue;
      if (options.dir === undefined) await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }
}

/** Finds a TCP port that nobody uses now. Another process may take it first, so a caller must be ready to try again. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function serverArguments(options: ServerOptions, port: number): string[] {
  const durability = options.appendonly ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  return ['--port', String(port), '--save', '', ...durability, ...(options.args ?? [])];
}

async function runReady(run: () => Promise<ServerProcess>, port: number): Promise<ServerProcess> {
  const process = await run();
  try {
    await waitFor(() => answers(process, port), `the server at port ${port} to answer PING`);
    return process;
  } catch (error) {
    await process.kill('SIGKILL');
    throw error;
  }
}

/** Any answer counts but "still loading": a server with a password refuses PING, yet it is up. */
async function answers(process: ServerProcess, port: number): Promise<boolean> {
  if (process.failure) throw process.failure;
  try {
    await request(port, 'PING');
    return true;
  } catch (error) {
    return /^(NOAUTH|NOPERM|WRONGPASS)/.test((error as Error).message);
  }
}

interface RunningParts {
  readonly port: number;
  readonly dir: string;
  readonly isOwnDir: boolean;
  readonly run: () => Promise<ServerProcess>;
  readonly process: ServerProcess;
}

class RunningServer implements TestServer {
  readonly port: number;
  readonly url: string;
  readonly dir: string;
  readonly #parts: RunningParts;
  #process: ServerProcess | undefined;

  constructor(parts: RunningParts) {
    this.port = parts.port;
    this.url = `redis://127.0.0.1:${parts.port}`;
    this.dir = parts.dir;
    this.#parts = parts;
    this.#process = parts.process;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#process?.kill(signal);
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.#process = undefined;
  }

  async restart(): Promise<void> {
    await this.kill('SIGTERM');
    this.#process = await runReady(this.#parts.run, this.port);
  }

  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    if (this.#parts.isOwnDir) await rm(this.dir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
