import { describe, expect, test } from 'vitest';
import type { AuditFinding } from '@ars/core';
import { AUDIT_COMMANDS, REQUIRED_COMMANDS } from '@ars/redis-protocol';
import { startServer, type ServerOptions } from '../../../tests/support/server.js';
import { rawStore, Scene } from './support/fixture.js';
import type { RawDriverOptions } from './support/raw-driver.js';

const auditOf = async (url: string, options: RawDriverOptions = {}): Promise<readonly AuditFinding[]> => {
  const store = rawStore(url, options);
  const findings = await store.audit();
  await store.close();
  return findings;
};
const auditOfServer = async (options: ServerOptions) => {
  await using server = await startServer(options);
  return await auditOf(server.url);
};
const codes = (findings: readonly AuditFinding[]) => findings.map(({ code, severity }) => `${severity} ${code}`);

describe('an audit', () => {
  test('of a server that keeps everything finds nothing', async () => {
    expect(await auditOfServer({ appendonly: true })).toEqual([]);
  });

  test('tells that keys may be dropped', async () => {
    const evicting = { appendonly: true, args: ['--maxmemory-policy', 'allkeys-lru'] };
    expect(codes(await auditOfServer(evicting))).toEqual(['warning EVICTION']);
    const findings = await auditOfServer({ ...evicting, args: [...evicting.args, '--maxmemory', '100mb'] });
    expect(findings).toMatchObject([
      { code: 'EVICTION', severity: 'error', details: { value: 'allkeys-lru', maxmemory: 104_857_600 } },
    ]);
  });

  test('tells how much a restart or a crash loses', async () => {
    expect(codes(await auditOfServer({}))).toEqual(['warning NO_PERSISTENCE']);
    expect(await auditOfServer({ args: ['--save', '3600 1'] })).toMatchObject([
      { code: 'WEAK_PERSISTENCE', details: { setting: 'appendonly', save: '3600 1' } },
    ]);
    expect(await auditOfServer({ appendonly: true, args: ['--appendfsync', 'no'] })).toMatchObject([
      { code: 'WEAK_PERSISTENCE', details: { setting: 'appendfsync' } },
    ]);
  });

  test('tells that it reached a replica, which serves nothing else', async () => {
    await using master = await startServer({ appendonly: true });
    const args = ['--replicaof', `127.0.0.1 ${master.port}`];
    expect(codes(await auditOfServer({ appendonly: true, args }))).toEqual(['error REPLICA']);
  });

  test('lists the rights that are missing in one finding', async () => {
    await using server = await startServer({ appendonly: true });
    const admin = await Scene.open(server.url);
    await admin.do(
      'ACL',
      'SETUSER',
      'limited',
      'on',
      '>secret',
      '~other:*',
      '+@all',
      '-hset',
      '-xadd',
      '-xinfo|stream',
    );
    const findings = await auditOf(server.url, { user: ['limited', 'secret'] });
    expect(findings).toMatchObject([
      {
        code: 'MISSING_RIGHT',
        severity: 'error',
        details: { user: 'limited', commands: ['hset', 'xadd', 'xinfo|stream'] },
      },
    ]);
    expect(findings[0]!.message).toContain('+hset +xadd +xinfo|stream');
    admin.close();
  });

  test('says what it was not allowed to look at, and fails for none of it', async () => {
    await using server = await startServer({ appendonly: true });
    const admin = await Scene.open(server.url);
    const grant = (commands: readonly string[]) =>
      admin.do('ACL', 'SETUSER', 'plain', 'reset', 'on', '>secret', '~*', ...commands.map((command) => `+${command}`));
    await grant(REQUIRED_COMMANDS);
    const user = { user: ['plain', 'secret'] } as const;
    expect(codes(await auditOf(server.url, user))).toEqual(['info UNCHECKED', 'info UNCHECKED', 'info UNCHECKED']);
    await grant([...REQUIRED_COMMANDS, ...AUDIT_COMMANDS]);
    expect(await auditOf(server.url, user)).toEqual([]);
    admin.close();
  });

  test('rejects where there is no server, and where the password is wrong', async () => {
    await expect(auditOf('redis://127.0.0.1:1')).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await using server = await startServer({ args: ['--requirepass', 'right'] });
    const wrong = auditOf(server.url, { user: ['default', 'wrong'] });
    await expect(wrong).rejects.toMatchObject({ code: 'ARS_CONFIGURATION', details: { reason: 'WRONGPASS' } });
  });
});
