import { expect, test } from 'vitest';
import { ConcurrentHandling } from '../../src/consumer/concurrent-handling.js';
import { MessageRunner } from '../../src/consumer/message-runner.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import type { KeyedState } from '../../src/state/keyed-states.js';
import type { Delivery } from '../../src/transaction/delivery.js';
import type { Transaction } from '../../src/transaction/transaction.js';
import { Clock, settled } from '../care/clock.js';
import { createStates, load } from '../state/keyed-fixtures.js';

type Handler = (id: string, transaction: Transaction<{ count: number }>) => unknown;

const TTL_MS = 1_000;

/** A window before a line of messages; the test says what may go on. */
class Stage {
  readonly line: Delivery[] = [];
  /** The messages whose handlers have begun; again with each try. */
  readonly begun: string[] = [];
  readonly passedOn: string[] = [];
  /** Those that wait for the time of their next try. */
  readonly waiting = new Set<string>();
  isFull = false;
  readonly handling: ConcurrentHandling;
  readonly #states = createStates(() => ({ count: 0 }));

  constructor(handler: Handler) {
    const plan = {
      environment: new Clock().environment,
      stopTimeoutMs: 10_000,
      keyed: { ttlMs: TTL_MS },
      decode: (_: string, [id]: readonly string[]) => id,
      handle: (id: string, transaction: Transaction<{ count: number }>) => {
        this.begun.push(id);
        return handler(id, transaction);
      },
    } as unknown as ConsumerPlan;
    const runner = new MessageRunner(plan, undefined, new Map(), () => {});
    this.handling = new ConcurrentHandling({
      runner,
      concurrency: 4,
      maxBytes: 1_000,
      take: () => this.line.shift(),
      attemptOf: () => 1,
      judge: ({ id }) => (this.waiting.add(id), 'retry'),
      putBack: (delivery) => void this.line.unshift(delivery),
      onHandled: ({ delivery }) => void this.passedOn.push(delivery.id),
      onDeadLetter: () => expect.unreachable('nothing is given up'),
      onEnding: () => expect.unreachable('nothing ends it'),
      isOneByOne: () => false,
      mayStart: () => true,
      mayStage: () => !this.isFull,
      isWaiting: ({ id }) => this.waiting.has(id),
      keyOf: ({ prepared }) => prepared?.key,
    });
  }

  /** The state of a key, as handlers see it. */
  state(key: string): KeyedState {
    if (this.#states.peek(key) === undefined) load(this.#states, { [key]: undefined });
    return this.#states.peek(key)!;
  }

  add(id: string, key: string): void {
    const prepared = { message: id, isUsed: false, key, failure: undefined, state: this.state(key) };
    this.line.push({ stream: 'in', id, fields: [id], read: 1, gap: undefined, prepared });
  }
}

test('messages of one key that wait in the window are undone newest first, down to what their state was', () => {
  const stage = new Stage((id, { state }) => {
    state.count += 1;
    return id === '1-0' ? new Promise(() => {}) : undefined;
  });
  stage.add('1-0', 'slow');
  for (const id of ['2-0', '3-0', '4-0']) stage.add(id, 'k');
  stage.handling.advance();
  const { tracked } = stage.state('k');
  expect([stage.begun, stage.passedOn]).toEqual([['1-0', '2-0', '3-0', '4-0'], []]);
  expect([tracked.copyAsOf(tracked.mark), stage.state('k').expiresAt]).toEqual([{ count: 3 }, 4 + TTL_MS]);

  const undone = stage.handling.abort(new Error('the commit before them was refused'));
  expect(undone.map(({ id }) => id)).toEqual(['1-0', '2-0', '3-0', '4-0']);
  expect([tracked.copyAsOf(tracked.mark), stage.state('k').expiresAt]).toEqual([{ count: 0 }, undefined]);
});

test('a message that failed keeps its place and is tried again when its time has come, not before', () => {
  const stage = new Stage((id) => {
    if (id === '1-0' && stage.begun.length < 3) throw new Error('not yet');
  });
  stage.add('1-0', 'a');
  stage.add('2-0', 'b');
  stage.handling.advance();
  stage.handling.advance();
  expect([stage.begun, stage.passedOn]).toEqual([['1-0', '2-0'], []]);
  stage.waiting.clear();
  stage.handling.advance();
  expect([stage.begun, stage.passedOn]).toEqual([
    ['1-0', '2-0', '1-0'],
    ['1-0', '2-0'],
  ]);
});

test('what was handled waits in the window while the batch is full', async () => {
  const stage = new Stage((id) => (id === '2-0' ? Promise.resolve() : undefined));
  stage.isFull = true;
  stage.add('1-0', 'a');
  stage.add('2-0', 'b');
  stage.handling.advance();
  await settled();
  stage.handling.settle();
  expect([stage.begun, stage.passedOn]).toEqual([['1-0', '2-0'], []]);
  stage.isFull = false;
  stage.handling.advance();
  expect(stage.passedOn).toEqual(['1-0', '2-0']);
});

test('no handler begins before those that were ended early have settled', async () => {
  const ended: (() => void)[] = [];
  const stage = new Stage(() =>
    stage.begun.length > 2 ? undefined : new Promise<void>((end) => void ended.push(end)),
  );
  stage.add('1-0', 'a');
  stage.add('2-0', 'b');
  stage.handling.advance();
  stage.line.push(...stage.handling.abort(new Error('a doubt')));
  for (const end of ended) {
    stage.handling.advance();
    expect(stage.begun).toEqual(['1-0', '2-0']);
    end();
    await settled();
    stage.handling.settle();
  }
  expect(stage.passedOn).toEqual([]);
  stage.handling.advance();
  expect([stage.begun, stage.passedOn]).toEqual([
    ['1-0', '2-0', '1-0', '2-0'],
    ['1-0', '2-0'],
  ]);
});
