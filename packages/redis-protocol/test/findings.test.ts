import { describe, expect, test } from 'vitest';
import { REQUIRED_COMMANDS } from '@ars/redis-protocol';
import { DRY_RUNS } from '../src/audit/dry-runs.js';
import { findingsOf } from '../src/audit/findings.js';

const WELL = { role: 'master', maxmemory_policy: 'noeviction', aof_enabled: '1' };
const SETTINGS = new Map(Object.entries({ save: '', appendfsync: 'everysec' }));
const RIGHTS = { user: 'default', missing: [] };
const codesFor = (lines: Record<string, string>, settings?: typeof SETTINGS) =>
  findingsOf({ information: new Map(Object.entries({ ...WELL, ...lines })), settings, rights: RIGHTS }).map(
    ({ code }) => code,
  );

describe('a version', () => {
  test.each([
    [{ redis_version: '6.2.14' }, ['OLD_VERSION']],
    [{ redis_version: '7.0.0' }, []],
    [{ redis_version: '8.4.1' }, []],
    [{ redis_version: '7.2.4', valkey_version: '7.1.9' }, ['OLD_VERSION']],
    [{ redis_version: '7.2.4', valkey_version: '9.0.0' }, []],
  ])('%j is judged by its own name', (lines, expected) => {
    expect(codesFor(lines, SETTINGS)).toEqual(expected);
  });
});

test('what is known of persistence is told even where the settings are hidden', () => {
  const lines = { redis_version: '7.0.0', aof_enabled: '0' };
  expect(codesFor(lines)).toEqual(['WEAK_PERSISTENCE', 'UNCHECKED']);
});

test('there is a dry run for each required command', () => {
  expect(Object.keys(DRY_RUNS).sort()).toEqual([...REQUIRED_COMMANDS].sort());
});
