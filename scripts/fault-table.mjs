// Writes docs/faults.md from the figures of a run: ARS_FAULT_REPORT=/some/file npm run test:only -- --project tests tests/faults
// node scripts/fault-table.mjs /some/file "Redis 7.0.15, 2 cores, 2026-11-23"
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [report, where = 'one run'] = process.argv.slice(2);
if (report === undefined) throw new Error('usage: node scripts/fault-table.mjs <report.jsonl> [where it ran]');

/**
 * Each row of the design's table of faults: [fault, outcome, row of the report, tests, whether the checker counts outputs].
 * @type {[fault: string, outcome: string, row: string | undefined, tests: string[], isCounted: boolean][]}
 */
const ROWS = [
  ['The handler throws or rejects', 'Its changes vanish; it is retried with growing delays; those before it are committed', 'handler fails', ['faults/handler-failures', 'behaviour/rollback', 'behaviour/retries', 'behaviour/retry-policy'], true],
  ['SIGKILL at any moment; between the server running a commit and its answer', 'After the restart state, position and outputs are those of each entry once', 'process killed', ['faults/sigkill', 'faults/keyed', 'faults/dead-letter-faults'], true],
  ['A message that kills the process each time', 'Found by claims without progress and a durable mark, handled alone, dead-lettered after `attempts`', undefined, ['faults/poison', 'behaviour/poison'], false],
  ['The answer to a commit is lost; the connection is cut; a commit arrives twice', 'Looked up and sent again; no duplicate; the handler does not run again for what did commit', 'reply lost or connection cut', ['faults/lost-replies', 'faults/duplicated'], true],
  ['Two live owners; an owner paused and resumed; rolling deploys', 'The older one is fenced and ends with `ARS_FENCED`; nothing interleaves', 'two owners', ['faults/owners', 'faults/standby', 'faults/rolling-deploy', 'behaviour/standby'], true],
  ['Redis killed and restarted (AOF, also with a torn tail); SCRIPT FLUSH; CLIENT KILL of everything', 'Consumers carry on by themselves', 'server restarted, scripts or connections lost', ['faults/server-restarts', 'faults/torn-tail'], true],
  ['Failover to a replica that lost the newest commits; Sentinel; an older copy restored', 'Rewound: state, position and outputs agree', 'failover lost commits', ['faults/promoted-replica', 'faults/sentinel-failover', 'faults/older-copies', 'behaviour/rewind'], true],
  ['LOADING, READONLY, BUSY, MASTERDOWN, MISCONF, NOREPLICAS, OOM; CLUSTERDOWN, MOVED, ASK, TRYAGAIN while the home slot moves', 'Waited for, reported, never blamed on a message, never fatal by itself', 'server not ready', ['faults/refusing-servers', 'faults/migrating-slot', 'faults/server-restarts'], true],
  ['Wrong type of a target, denied key or command, IDs exhausted', 'Nothing of the transaction remains; neighbours commit', 'commit refused', ['faults/refused-commits', 'behaviour/dead-letter-refusals'], true],
  ['Input trimmed or deleted ahead of the position', '`ARS_STREAM_GAP` with the exact number, or skipped as `onGap` says', 'input vanished', ['faults/vanished-input', 'behaviour/gaps', 'behaviour/gap-policy'], false],
  ['Stream deleted and recreated, flushed, or restored from an older copy', '`ARS_STREAM_REGRESSED`', 'stream regressed', ['faults/vanished-input', 'behaviour/gaps'], false],
  ['Record or state evicted, deleted, or restored alone', 'Refuses to start, or ends: `ARS_STATE_LOST`; nothing is written', 'record or state lost', ['faults/evicted', 'behaviour/lost-state'], false],
  ['Half-open link: packets vanish, the socket stays open', 'Noticed within the command timeout; the connection is built again, the commit looked up', 'half-open link', ['faults/lost-replies'], true],
  ['A message that cannot be decoded or is invalid', 'No retry: dead-lettered, or the consumer ends', 'invalid message', ['faults/handler-failures', 'behaviour/dead-letter-kinds', 'typed/invalid-incoming'], false],
  ['Store unreachable at start', '`start()` rejects within the connect timeout; the address is named, credentials are not', 'store unreachable', ['faults/unreachable'], false],
  ['Stored state of another schema, serializer or layout; corrupt bytes', 'Refuses to start; the data stays as it was', 'stored state does not fit', ['faults/stored-state', 'evolution/refusals'], false],
  ['Fields that are not UTF-8', 'Intact where the stream is declared binary; otherwise that message fails', 'bytes that are not text', ['faults/handler-failures', 'behaviour/dead-letters'], false],
  ['Entry IDs far ahead of the clock', 'Nothing depends on the time in IDs', 'clock', ['faults/clock'], true],
  ['A commit that does not reach replicas or disk', 'Held back or ended, as `onShortfall` says; `afterCommit` waits', undefined, ['faults/durability', 'behaviour/durability'], true],
]; // prettier-ignore

const lines = readFileSync(report, 'utf8').trim().split('\n').map((line) => JSON.parse(line)); // prettier-ignore

/** The figures of a row, as far as its own tests have reported them. */
function figures(row, tests) {
  const files = tests.map((test) => `${test.split('/')[1]}.test.ts`);
  const own = lines.filter((line) => files.includes(line.path) && (row === undefined || line.row === row));
  const sum = (name) => own.reduce((total, line) => total + line[name], 0);
  return { faults: sum('faults'), messages: sum('messages'), duplicates: sum('duplicates'), losses: sum('losses') };
}

const link = (test) => {
  if (!existsSync(`tests/${test}.test.ts`)) throw new Error(`there is no tests/${test}.test.ts`);
  return `[${test.split('/')[1]}](../tests/${test}.test.ts)`;
};
const table = ROWS.map(([fault, outcome, row, tests, isCounted]) => {
  const { faults, messages, duplicates, losses } = figures(row, tests);
  const count = (number) => number.toLocaleString('en');
  const verdict = isCounted ? [duplicates, losses].join(' / ') : 'by assertion';
  return `| ${fault} | ${outcome} | ${tests.map(link).join(', ')} | ${count(faults)} | ${count(messages)} | ${verdict} |`;
});
const [before, , after] = readFileSync('docs/faults.md', 'utf8').split(/<!-- table (?:begins|ends) -->\n/);
const head = `| fault | what it leads to | tests | faults | messages | duplicates / losses |\n| --- | --- | --- | ---: | ---: | --- |`;
const generated = `Figures of one run: ${where}; both clients together.\n\n${head}\n${table.join('\n')}\n`;
writeFileSync('docs/faults.md', `${before}<!-- table begins -->\n${generated}<!-- table ends -->\n${after}`);
