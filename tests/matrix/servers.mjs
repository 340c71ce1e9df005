/**
 * The servers that the matrix runs the tests on, and how to get one: unpacked from a Debian archive into a folder of
 * its own (nothing is installed, nothing of the system is changed, no rights are needed), or as a container.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Each server: the Debian suite and package that hold it, and its container image. */
export const SERVERS = {
  'redis-8': { suite: 'trixie', package: 'redis-server', image: 'redis:8.0' },
  'valkey-8': { suite: 'trixie', package: 'valkey-server', image: 'valkey/valkey:8' },
  'valkey-9': { suite: 'sid', package: 'valkey-server', image: 'valkey/valkey:9' },
};

const NEITHER = `Neither way to get the servers is open on this machine:
  - apt-get, dpkg-deb and the address of a Debian mirror in /etc/apt (Debian; any user)
  - a container engine (Docker, Podman with its Docker socket)
To test one server that you have: ARS_REDIS_SERVER=/path/to/redis-server npm run test:only`;

/** What the tests need in their environment to use a server: its binary, or its image. Throws when there is no way to get it. */
export async function environmentFor(name, cache) {
  const server = SERVERS[name];
  const mirror = findMirror();
  if (mirror !== undefined) return { ARS_REDIS_SERVER: await unpack(server, mirror, join(cache, name)) };
  if (await hasEngine()) return { ARS_REDIS_IMAGE: server.image };
  throw new Error(NEITHER);
}

/** The address of the archive that this machine uses, and the keyring that signs it. */
function findMirror() {
  const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
  if (!existsSync(keyring) || !existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) return undefined;
  const files = filesIn('/etc/apt').filter((file) => /\/sources\.list$|\.(sources|list)$/.test(file));
  const texts = files.map((file) => readFileSync(file, 'utf8'));
  const uri = texts
    .map((text) => /^(?:URIs:|deb(?: \[.*?\])?)\s+(\S+\/debian)\/?(?=\s|$)/m.exec(text)?.[1])
    .find(Boolean);
  return uri === undefined ? undefined : { uri, keyring };
}

/**
 * Downloads a package with all it needs, down to the C library, and unpacks it. Answers the path of a script that runs
 * it on its own libraries, whatever this machine has. What was unpacked before is used again.
 */
async function unpack({ suite, package: name }, { uri, keyring }, folder) {
  const wrapper = join(folder, name);
  if (existsSync(wrapper)) return wrapper;
  rmSync(folder, { recursive: true, force: true });
  const apt = join(folder, 'apt');
  for (const part of ['etc/preferences.d', 'etc/apt.conf.d', 'state/lists/partial', 'cache/archives/partial']) {
    mkdirSync(join(apt, part), { recursive: true });
  }
  writeFileSync(join(apt, 'status'), '');
  writeFileSync(join(apt, 'etc/sources.list'), `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
  writeFileSync(join(apt, 'apt.conf'), aptConfiguration(apt));
  const env = { ...process.env, APT_CONFIG: join(apt, 'apt.conf') };
  await execute('apt-get', ['update', '-qq'], { env });
  await execute('apt-get', ['-y', '-qq', '--no-install-recommends', '--download-only', 'install', name], { env });
  const root = join(folder, 'root');
  mkdirSync(root);
  for (const archive of filesIn(join(apt, 'cache/archives'))) {
    if (/\/(lib|redis|valkey|zlib)[^/]*\.deb$/.test(archive)) await execute('dpkg-deb', ['-x', archive, root]);
  }
  writeWrapper(wrapper, root, name);
  rmSync(apt, { recursive: true });
  return wrapper;
}

/** Valid-Until is not checked, since mirrors of moving suites lag; the signature is. */
function aptConfiguration(apt) {
  return `Dir "${apt}";
Dir::Etc "${apt}/etc";
Dir::State "${apt}/state";
Dir::State::status "${apt}/status";
Dir::Cache "${apt}/cache";
APT::Sandbox::User "";
Acquire::Check-Valid-Until "false";
Debug::NoLocking "true";
`;
}

function writeWrapper(wrapper, root, name) {
  const loader = filesIn(root).find((file) => /\/lib[^/]*\/.*\/ld-linux[^/]*\.so\.\d+$/.test(file));
  const program = join(root, 'usr/bin', name);
  if (loader === undefined || !existsSync(program)) throw new Error(`the archive gave no ${name} that can run alone`);
  writeFileSync(wrapper, `#!/bin/sh\nexec '${loader}' --library-path '${dirname(loader)}' '${program}' "$@"\n`);
  chmodSync(wrapper, 0o755);
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true }).map((file) => join(folder, file));
}

/** An engine counts when it answers: one that accepts and stays silent would hang the tests. */
async function hasEngine() {
  const host = process.env.DOCKER_HOST;
  const places = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')].map((path) => ({ path }));
  if (host?.startsWith('unix://')) places.unshift({ path: host.slice('unix://'.length) });
  else if (host) places.unshift({ host: new URL(host).hostname, port: Number(new URL(host).port || 2375) });
  for (const place of places) if (await answersPing(place)) return true;
  return false;
}

function answersPing(place) {
  return new Promise((resolve) => {
    const socket = connect(place);
    const finish = (isAlive) => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('data', (chunk) => finish(chunk.toString('latin1').startsWith('HTTP/1.1 200')));
    socket.write('GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  });
}
