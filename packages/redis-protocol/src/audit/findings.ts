import type { AuditCode, AuditFinding } from '@ars/core';
import type { ServerFacts } from './server-facts.js';

type Information = ReadonlyMap<string, string>;

/** What an operator should know of a server, by its facts. Empty when all is well. */
export function findingsOf({ information, settings, rights }: ServerFacts): AuditFinding[] {
  const findings: (AuditFinding | undefined)[] = [
    ...(information === undefined
      ? [unchecked('info', 'its version, its role, its memory policy and its persistence are not known')]
      : [versionFinding(information), roleFinding(information), evictionFinding(information)]),
    information && persistenceFinding(information, settings),
    settings ? undefined : unchecked('config|get', 'how it saves to disk is not known'),
    rights ? rightsFinding(rights) : unchecked('acl|dryrun', "whether the user's rights suffice is not known"),
  ];
  return findings.filter((finding) => finding !== undefined);
}

function finding(
  code: AuditCode,
  severity: AuditFinding['severity'],
  message: string,
  details: AuditFinding['details'],
): AuditFinding {
  return { code, severity, message, details };
}

function unchecked(command: string, consequence: string): AuditFinding {
  const message = `The server does not answer ${command.toUpperCase().replace('|', ' ')}, so ${consequence}. Grant +${command} to have it checked.`;
  return finding('UNCHECKED', 'info', message, { command });
}

/** Valkey says that it is Redis 7.2 too, whatever it is. */
function versionFinding(information: Information): AuditFinding | undefined {
  const valkey = information.get('valkey_version');
  const version = valkey ?? information.get('redis_version') ?? '';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [majorMin, minorMin] = valkey === undefined ? [7, 0] : [7, 2];
  if (major > majorMin! || (major === majorMin && minor >= minorMin!)) return undefined;
  const message = `The server runs version ${version}. Upgrade: Redis 7.0 and Valkey 7.2 are the oldest that work.`;
  return finding('OLD_VERSION', 'error', message, { version });
}

function roleFinding(information: Information): AuditFinding | undefined {
  const role = information.get('role');
  if (role === undefined || role === 'master') return undefined;
  const message =
    'The connection reached a replica, which takes no writes. Connect to the master, or through Sentinel.';
  return finding('REPLICA', 'error', message, { role });
}

function evictionFinding(information: Information): AuditFinding | undefined {
  const policy = information.get('maxmemory_policy');
  if (policy === undefined || policy === 'noeviction') return undefined;
  const maxmemory = Number(information.get('maxmemory') ?? 0);
  const message =
    `maxmemory-policy is ${policy}, so keys are dropped when memory is short` +
    `${maxmemory > 0 ? '' : ' (no maxmemory is set now)'}. Set 'maxmemory-policy noeviction'.`;
  return finding('EVICTION', maxmemory > 0 ? 'error' : 'warning', message, {
    setting: 'maxmemory-policy',
    value: policy,
    maxmemory,
  });
}

function persistenceFinding(information: Information, settings: ServerFacts['settings']): AuditFinding | undefined {
  const appendfsync = settings?.get('appendfsync');
  const weak = (message: string, details: AuditFinding['details']) =>
    finding('WEAK_PERSISTENCE', 'warning', message, details);
  if (information.get('aof_enabled') === '1') {
    if (appendfsync !== 'no') return undefined;
    const message =
      "appendfsync is 'no': a crash of the machine loses what the system had not written yet. Set 'appendfsync everysec' or 'always'.";
    return weak(message, { setting: 'appendfsync', value: 'no' });
  }
  const save = settings?.get('save');
  const details = { setting: 'appendonly', value: 'no', save };
  if (save === '') {
    const message = "There is no append-only file and no snapshot: a restart loses everything. Set 'appendonly yes'.";
    return finding('NO_PERSISTENCE', 'warning', message, details);
  }
  const message =
    "There is no append-only file: a crash loses at least what came after the last snapshot. Set 'appendonly yes'.";
  return weak(message, details);
}

function rightsFinding({ user, missing }: NonNullable<ServerFacts['rights']>): AuditFinding | undefined {
  if (missing.length === 0) return undefined;
  const rules = missing.map((command) => `+${command}`).join(' ');
  const message = `The user '${user}' lacks rights that the library needs. Grant ${rules}.`;
  return finding('MISSING_RIGHT', 'error', message, { user, commands: missing });
}
