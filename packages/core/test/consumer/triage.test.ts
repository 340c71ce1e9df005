import type { Checkpoint } from '../../src/consumer/admission.js';
import { NOTHING_STORED } from '../../src/consumer/restored-values.js';
import type { FailedAttempt } from '../../src/store/stored-consumer.js';
import { expect, test } from 'vitest';
import { EventHub } from '../../src/consumer/events.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { Triage } from '../../src/consumer/triage.js';
import { systemEnvironment } from '../../src/domain/environment.js';
import type { Commit } from '../../src/store/commit.js';
import { Batch } from '../../src/transaction/batch.js';
import type { Delivery } from '../../src/transaction/delivery.js';

const logger = { debug() {}, info() {}, warn() {}, error() {} };
const message = (id: string): Delivery => ({
  stream: 'in',
  id,
  fields: ['n', '1'],
  read: 1,
  gap: undefined,
  prepared: undefined,
});

function triageOf(streams = ['in'], maxMessages = 4, concurrency = 1): Triage {
  const plan = {
    address: { consumerId: 'c', streams },
    concurrency,
    deadLetter: 'dead',
    logger,
    environment: systemEnvironment,
    batch: { maxMessages, maxBytes: 1_000 },
    retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 2, when: () => 'retry' },
  } as unknown as ConsumerPlan;
  return new Triage(plan, new EventHub(logger), () => {});
}

/** Commits these messages, with the marks that are asked for. */
function commit(triage: Triage, ...ids: string[]): void {
  const batch = new Batch(0);
  for (const id of ids) batch.add({ delivery: message(id), publishes: undefined, callbacks: undefined, bytes: 0 });
  triage.committed(triage.marksFor(batch) as Commit, batch);
}

const checkpoint = (suspect: FailedAttempt | undefined): Checkpoint => ({
  commitId: 'base',
  cursors: [],
  values: NOTHING_STORED,
  attempt: undefined,
  suspect,
});

test('without suspicion every message is handled as it comes', () => {
  const triage = triageOf();
  triage.restart(checkpoint({ stream: 'in', id: '1-0', count: 9 }), false);
  expect([triage.isOneByOne, triage.isCautious, triage.suspectStream]).toEqual([false, false, undefined]);
  expect(triage.vet(message('1-0'))).toBe('handle');
});

test('under suspicion a message waits for its mark, and is condemned when its own mark has reached the attempts', () => {
  const triage = triageOf();
  triage.restart(checkpoint({ stream: 'in', id: '2-0', count: 2 }), true);
  expect(triage.suspectStream).toBe('in');
  expect(triage.vet(message('1-0'))).toBe('wait');
  expect([triage.isMarking, triage.hasMarks]).toEqual([true, true]);
  commit(triage);
  expect(triage.isMarking).toBe(false);
  expect(triage.vet(message('1-0'))).toBe('handle');
  triage.survived();
  commit(triage, '1-0');
  const vetting = triage.vet(message('2-0'));
  expect(vetting).toMatchObject({ deadLettered: { id: '2-0', attempts: 2, code: 'ARS_POISON', deadLetter: 'dead' } });
});

test('a commit that holds a message ends its mark; that of the next one goes in a commit without messages', () => {
  const triage = triageOf();
  triage.restart(checkpoint(undefined), true);
  triage.vet(message('1-0'));
  commit(triage);
  triage.survived();
  triage.vet(message('2-0'));
  const batch = new Batch(0);
  batch.add({ delivery: message('1-0'), publishes: undefined, callbacks: undefined, bytes: 0 });
  expect(triage.marksFor(batch).suspect).toBeUndefined();
  expect(triage.marksFor(new Batch(0)).suspect).toEqual({ stream: 'in', id: '2-0', count: 1 });
});

test('it ends after two batches of the greatest size, or when nothing is left', () => {
  const triage = triageOf();
  triage.restart(checkpoint(undefined), true);
  for (let n = 1; n <= 7; n += 1) commit(triage, `${n}-0`);
  expect(triage.isCautious).toBe(true);
  commit(triage, '8-0');
  expect(triage.isCautious).toBe(false);
  triage.restart(checkpoint(undefined), true);
  triage.trust();
  expect(triage.isCautious).toBe(false);
});

test('with many streams and small batches it lasts until each stream has had its turn', () => {
  const triage = triageOf(['a', 'b', 'c', 'd', 'in'], 1);
  triage.restart(checkpoint(undefined), true);
  for (let n = 1; n <= 4; n += 1) commit(triage, `${n}-0`);
  expect(triage.vet(message('5-0'))).toBe('wait');
});

test('a refused batch is gone through one by one, as far as it reached', () => {
  const triage = triageOf();
  triage.isolate(3);
  triage.isolate(1);
  expect([triage.isOneByOne, triage.isCautious]).toEqual([true, false]);
  for (const id of ['1-0', '2-0']) commit(triage, id);
  expect(triage.isOneByOne).toBe(true);
  commit(triage, '3-0');
  expect(triage.isOneByOne).toBe(false);
});

test('what is read again after a refusal is not gone through one by one, since it may be other messages', () => {
  const triage = triageOf();
  triage.isolate(3);
  triage.readAgain();
  expect(triage.isOneByOne).toBe(false);
});

test('marks that cannot be written are given up, not the consumer', () => {
  const triage = triageOf();
  triage.restart(checkpoint(undefined), true);
  triage.vet(message('1-0'));
  triage.forgoMarks();
  expect([triage.hasMarks, triage.isOneByOne]).toEqual([false, false]);
  expect(triage.vet(message('1-0'))).toBe('handle');
});

test('suspicion lasts for all that may have been in the hands of handlers that ran side by side', () => {
  const triage = triageOf(['in'], 1, 100);
  triage.restart(checkpoint(undefined), true);
  for (let n = 1; n <= 400; n += 1) commit(triage, `${n}-0`);
  expect(triage.isCautious).toBe(true);
  commit(triage, '401-0');
  commit(triage, '402-0');
  expect(triage.isCautious).toBe(false);
});

test('a gap is handled under suspicion whatever was marked, and is never condemned', () => {
  const triage = triageOf();
  triage.restart(checkpoint({ stream: 'in', id: '1-0', count: 2 }), true);
  expect(triage.vet(message('1-0'))).toMatchObject({ deadLettered: { code: 'ARS_POISON' } });
  // A gap has the ID of the message before it.
  const gap = { stream: 'in', lost: 1, after: '1-0', upTo: '3-0' };
  expect(triage.vet({ ...message('1-0'), fields: [], gap })).toBe('handle');
  expect(triage.isMarking).toBe(false);
});
