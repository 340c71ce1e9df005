import { beforeEach, expect, test } from 'vitest';
import { auditOnce } from '../../src/care/store-audit.js';
import type { AuditFinding } from '../../src/store/audit.js';
import type { StreamStore } from '../../src/store/stream-store.js';
import { settled } from './clock.js';
import { Notes } from './notes.js';

let notes: Notes;
let audits: number;

const storeOf = (audit: () => Promise<readonly AuditFinding[]>): StreamStore =>
  ({
    name: 'redis://localhost:6379/0',
    audit: () => {
      audits += 1;
      return audit();
    },
  }) as unknown as StreamStore;

const findings: readonly AuditFinding[] = [
  { code: 'EVICTION', severity: 'error', message: 'Set maxmemory-policy noeviction.', details: {} },
  { code: 'WEAK_PERSISTENCE', severity: 'warning', message: 'Set appendonly yes.', details: {} },
  { code: 'UNCHECKED', severity: 'info', message: 'CONFIG GET is denied.', details: {} },
];

beforeEach(() => {
  notes = new Notes();
  audits = 0;
});

test('each thing that could lose data is one warning; what could not be seen is none', async () => {
  auditOnce(
    storeOf(async () => findings),
    notes,
  );
  await settled();
  expect(notes.lines).toEqual([
    'warn Store "redis://localhost:6379/0": EVICTION: Set maxmemory-policy noeviction.',
    'warn Store "redis://localhost:6379/0": WEAK_PERSISTENCE: Set appendonly yes.',
    'debug Store "redis://localhost:6379/0": UNCHECKED: CONFIG GET is denied.',
  ]);
});

test('a store is looked at once, however many consumers it has; another one is looked at too', async () => {
  const store = storeOf(async () => findings);
  for (let consumer = 0; consumer < 5; consumer += 1) auditOnce(store, notes);
  await settled();
  auditOnce(store, notes);
  expect(audits).toBe(1);
  auditOnce(
    storeOf(async () => []),
    notes,
  );
  expect(audits).toBe(2);
});

test('a store that cannot be looked at now is looked at the next time, and warns of nothing', async () => {
  const store = storeOf(() => Promise.reject(new Error('away')));
  auditOnce(store, notes);
  await settled();
  auditOnce(store, notes);
  await settled();
  expect(audits).toBe(2);
  expect(notes.lines.map((line) => line.split(' ')[0])).toEqual(['debug', 'debug']);
});

test('neither a store that throws nor a logger that throws reaches the caller', async () => {
  const store = storeOf(() => {
    throw new TypeError('no audit');
  });
  const fail = (): never => {
    throw new Error('full disk');
  };
  auditOnce(store, { debug: fail, info: fail, warn: fail, error: fail });
  await settled();
  expect(audits).toBe(1);
});
