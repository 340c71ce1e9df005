// Runs the tests that need a Redis server on each server that the packages promise to work with, one after the other.
//   node scripts/matrix.mjs                                     all servers, all suites, a table at the end
//   node scripts/matrix.mjs --servers valkey-9 --suites faults  some of them, as comma-separated lists
//   node scripts/matrix.mjs -- --maxWorkers=1                   hands vitest what follows
//   node scripts/matrix.mjs --fetch                             only gets the servers, and says where they are
// The servers are kept in node_modules/.cache/ars-servers. Connections of the packages always speak RESP2, whatever
// the protocol of a client passed in, so each suite runs once; it tests both clients wherever it is about clients.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { environmentFor, SERVERS } from '../tests/matrix/servers.mjs';
import { root } from './run.mjs';
import { summarize } from './summary.mjs';

const CACHE = `${root}node_modules/.cache/ars-servers`;

/** What vitest is told for each suite. */
const SUITES = {
  'redis-protocol': ['--project', 'redis-protocol'],
  ioredis: ['--project', 'ioredis'],
  'node-redis': ['--project', 'node-redis'],
  faults: ['--project', 'tests', 'tests/faults'],
  behaviour: ['--project', 'tests', 'tests/behaviour'],
};

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { servers: { type: 'string' }, suites: { type: 'string' }, fetch: { type: 'boolean' } },
  });
  const servers = chosen(values.servers, SERVERS, 'server');
  const suites = chosen(values.suites, SUITES, 'suite');
  const rows = [];
  for (const server of servers) {
    const env = await environmentFor(server, CACHE);
    console.log(`${server}: ${Object.values(env)[0]}`);
    if (values.fetch) continue;
    const cells = [];
    for (const suite of suites) cells.push(await runSuite(server, suite, { env, further: positionals }));
    rows.push([server, ...cells]);
  }
  if (values.fetch) return;
  console.log(`\n${tableOf([['server', ...suites], ...rows.map((row) => row.map(textOf))])}`);
  process.exitCode = rows.flat().some((cell) => cell.failed > 0) ? 1 : 0;
}

function chosen(list, known, what) {
  const names = list === undefined ? Object.keys(known) : list.split(',');
  const unknown = names.find((name) => !(name in known));
  if (unknown === undefined) return names;
  throw new Error(`no ${what} '${unknown}': choose of ${Object.keys(known).join(', ')}`);
}

/** Runs one suite on one server; a run that ends without a report counts as one failure. */
async function runSuite(server, suite, { env, further }) {
  const file = `${root}.reports/matrix/${server}-${suite}.json`;
  mkdirSync(`${root}.reports/matrix`, { recursive: true });
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  console.log(`\n== ${server}: ${suite}`);
  const isPassed = await vitest(['run', ...SUITES[suite], ...reporters, ...further], env);
  const report = readReport(file);
  return { passed: report?.numPassedTests ?? 0, failed: summarize(report, 0, isPassed).failed };
}

/** `ARS_REDIS_URL` would name another server than the one under test. */
function vitest(args, env) {
  const { ARS_REDIS_URL: _, ARS_REDIS_SERVER: __, ARS_REDIS_IMAGE: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, ...args], {
    cwd: root,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.once('close', (code) => resolve(code === 0)));
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function textOf(cell) {
  return typeof cell === 'string' ? cell : `${cell.passed} passed, ${cell.failed} failed`;
}

function tableOf(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

await main();
