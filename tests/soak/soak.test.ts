import type { Redis } from 'ioredis';
import { expect, onTestFailed, test } from 'vitest';
import { Audit } from './audit.js';
import { runSoak } from './soak.js';

const FIRST = "local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1] ";
const DOUBLE = `${FIRST} redis.call('XADD', KEYS[1], '*', unpack(first[2]))`;
const DELETE = `${FIRST} redis.call('XDEL', KEYS[1], first[1])`;
const set = (field: string, value: string): string => `redis.call('HSET', KEYS[1], '${field}', '${value}')`;

/** What a bug would leave behind: the key, the script that spoils it, and what the audit must see. */
const DAMAGES: readonly (readonly [string, string, 'duplicates' | 'losses' | 'findings'])[] = [
  ['orders', DOUBLE, 'duplicates'],
  ['orders', DELETE, 'losses'],
  ['ledger', DOUBLE, 'duplicates'],
  ['folded', DELETE, 'losses'],
  ['final', DELETE, 'losses'],
  ['ars:{orders}:state:orders:fold', set('a:sum', '1'), 'findings'],
  ['ars:{orders}:keyed:orders:keyed', set('a:k1', '0,,json,{"count":1}'), 'findings'],
  ['ars:{folded}:consumer:folded:pair', set('position:folded', '1-0'), 'findings'],
  ['ars:{soak}:consumer:*:tail', set('read:ledger', '1'), 'findings'],
];

/** Damages one thing after another, and takes each back. Answers what an audit did not see. */
async function unseenDamages(client: Redis, acked: ReadonlyMap<string, number>): Promise<string[]> {
  const unseen: string[] = [];
  for (const [key, script, kind] of DAMAGES) {
    const sound = await client.dumpBuffer(key);
    await client.eval(script, 1, key);
    const verdict = await new Audit().check(client, acked);
    if (verdict.findings.length === 0 || (kind !== 'findings' && verdict[kind] === 0)) unseen.push(`${key}: ${script}`);
    await client.restore(key, 0, sound, 'REPLACE');
  }
  const { findings } = await new Audit().check(client, acked);
  return [...unseen, ...findings.map((finding) => `taken back, and still: ${finding}`)];
}

test('a few seconds of all faults at once leave everything exact, and the audit finds whatever is not', async () => {
  const seed = Number(process.env['ARS_SEED'] ?? Date.now() % 1_000_000);
  onTestFailed(() => console.error(`seed: run again with ARS_SEED=${seed}, or node scripts/soak.mjs --seed ${seed}`));
  let unseen: string[] | undefined;
  const atEnd = async (client: Redis, acked: ReadonlyMap<string, number>): Promise<void> => {
    unseen = await unseenDamages(client, acked);
  };
  const figures = await runSoak({ seed, seconds: 4, log: () => {}, atEnd });
  expect(figures).toMatchObject({ findings: [], duplicates: 0, losses: 0 });
  expect(figures.orders).toBeGreaterThan(0);
  expect(unseen).toEqual([]);
}, 300_000);
