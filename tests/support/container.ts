import type { ServerProcess } from './binary.js';

/** The folder inside the container where the data of a server lives. */
const CONTAINER_DIR = '/data';

/** Runs a server in a container, on the same port inside and outside, with its data in `dir`. */
export async function runContainer(
  image: string,
  args: readonly string[],
  dir: string,
  port: number,
): Promise<ServerProcess> {
  const { GenericContainer, Wait, getContainerRuntimeClient } = await import('testcontainers');
  const binary = image.includes('valkey') ? 'valkey-server' : 'redis-server';
  const container = await new GenericContainer(image)
    .withUser(`${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`) // so that this user can remove the files again
    .withBindMounts([{ source: dir, target: CONTAINER_DIR }])
    .withExposedPorts({ container: port, host: port })
    .withEntrypoint([binary])
    .withCommand(['--bind', '0.0.0.0', '--protected-mode', 'no', '--dir', CONTAINER_DIR, ...args])
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  const engine = await getContainerRuntimeClient();
  return {
    pid: undefined,
    failure: undefined,
    async kill(signal) {
      if (signal === 'SIGSTOP' || signal === 'SIGCONT' || signal === 'SIGTERM') {
        await engine.container.getById(container.getId()).kill({ signal });
        if (signal !== 'SIGTERM') return;
        await engine.container.getById(container.getId()).wait();
      }
      await container.stop({ timeout: 0 });
    },
  };
}
