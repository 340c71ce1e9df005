import type { AuditCode, AuditFinding } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

const CODES: Readonly<Record<AuditCode, true>> = {
  EVICTION: true,
  NO_PERSISTENCE: true,
  WEAK_PERSISTENCE: true,
  MISSING_RIGHT: true,
  REPLICA: true,
  OLD_VERSION: true,
  UNCHECKED: true,
};
const SEVERITIES: Readonly<Record<AuditFinding['severity'], true>> = { error: true, warning: true, info: true };

async function tellsFindings(trial: Trial): Promise<void> {
  const findings = await trial.store.audit();
  check(Array.isArray(findings), 'an audit answers a list');
  for (const { code, severity, message, details } of findings) {
    check(Object.hasOwn(CODES, code), `the code of a finding is known, got ${String(code)}`);
    check(Object.hasOwn(SEVERITIES, severity), `the severity of ${code} is known, got ${String(severity)}`);
    check(typeof message === 'string' && message.trim() !== '', `${code} says what was found`);
    check(typeof details === 'object' && details !== null, `${code} has details for programs`);
    const text = message + JSON.stringify(details);
    check(!/\/\/[^/]*:[^/]*@/.test(text), `${code} holds no credentials`);
  }
}

async function writesNothing(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1' }) });
  await trial.add('in', 1);
  const before = [await trial.picture(['in']), await owner.home.glance()];
  await Promise.all([trial.store.audit(), trial.store.audit()]);
  checkEqual([await trial.picture(['in']), await owner.home.glance()], before, 'everything, before and after audits');
  await owner.commit();
}

/** What `audit` tells an operator. */
export const AUDITING: BehaviourGroup = {
  group: 'auditing',
  behaviours: [
    { name: 'an audit answers findings in the form of the contract, without credentials', check: tellsFindings },
    { name: 'an audit writes nothing', check: writesNothing },
  ],
};
