import { expect, test } from 'vitest';
import type { Checkpoint } from '../../src/consumer/admission.js';
import type { Ending } from '../../src/consumer/endings.js';
import { EventHub } from '../../src/consumer/events.js';
import { Feed } from '../../src/consumer/feed.js';
import { Intake } from '../../src/consumer/intake.js';
import { directLine } from '../../src/consumer/line.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { Progress } from '../../src/consumer/progress.js';
import { NO_STATE_KEEPER } from '../../src/consumer/state-keeper.js';
import { Triage } from '../../src/consumer/triage.js';
import { Work } from '../../src/consumer/work.js';
import type { Commit } from '../../src/store/commit.js';
import type { StreamRead, StreamReader } from '../../src/store/stream-store.js';
import { Clock, settled } from '../care/clock.js';
import { Notes } from '../care/notes.js';

const DELAY_MS = 1_000;
const NOW: [never, never] = [{} as never, {} as never];

type Handler = (message: string) => unknown;

/** All between a reader and the commit, of which the test is both: what it adds is read, and it says what is committed. */
class Stage {
  readonly clock = new Clock();
  /** The messages whose handlers have begun; again with each try. */
  readonly begun: string[] = [];
  readonly intake: Intake;
  readonly feed: Feed;
  readonly triage: Triage;
  readonly work = new Work(NO_STATE_KEEPER);
  ending: Ending | undefined;
  #added: string[] = [];
  #read = 0;

  constructor(handler: Handler, changes: Partial<ConsumerPlan> = {}) {
    const { environment } = this.clock;
    const logger = new Notes();
    const plan = {
      address: { consumerId: 'c', streams: ['in'] },
      concurrency: 1,
      batch: { maxMessages: 10, maxBytes: 1_000 },
      retry: { attempts: 5, minDelayMs: DELAY_MS, maxDelayMs: DELAY_MS, when: () => 'retry' },
      decode: (_: string, [message]: readonly string[]) => message,
      handle: (message: string) => {
        this.begun.push(message);
        return handler(message);
      },
      stopTimeoutMs: 10_000,
      logger,
      environment,
      ...changes,
    } as unknown as ConsumerPlan;
    const nothing = (): void => {};
    const events = new EventHub(logger);
    this.feed = new Feed(plan, { onRead: nothing, onLoss: nothing, onDoubt: nothing });
    this.feed.reset([{ stream: 'in', position: '0-0', read: 0 }]);
    this.feed.attach({ read: async () => this.#takeRead() } as unknown as StreamReader);
    this.triage = new Triage(plan, events, nothing);
    this.intake = new Intake({
      plan,
      events,
      progress: new Progress(environment),
      attributes: undefined,
      published: new Map(),
      feed: this.feed,
      line: directLine(this.feed),
      work: this.work,
      triage: this.triage,
      onReady: nothing,
      isHalted: () => this.ending !== undefined,
      isStopping: () => false,
      ending: () => this.ending,
      onEnding: (ending) => (this.ending = ending),
    });
  }

  /** An earlier owner has died, so that any message may be one that ends the process. */
  suspect(): void {
    this.triage.restart({ cursors: [], attempt: undefined, suspect: undefined } as unknown as Checkpoint, true);
  }

  /** Adds messages and reads what there is. */
  async read(...messages: string[]): Promise<void> {
    this.#added.push(...messages);
    this.intake.prepare(...NOW);
    await settled();
  }

  /** Commits what is staged, with the marks that are to be written. */
  commit(): void {
    const batch = this.work.launch();
    const marks = this.triage.marksFor(batch);
    this.work.acknowledge(undefined);
    this.triage.committed(marks as Commit, batch);
  }

  #takeRead(): StreamRead[] {
    const entries = this.#added.map((message) => ({ id: `${(this.#read += 1)}-0`, fields: [message] }));
    this.#added = [];
    const lastId = `${this.#read}-0`;
    const cursor = { stream: 'in', position: lastId, read: this.#read };
    return [{ stream: 'in', entries, lost: 0, cursor, regressed: false, added: this.#read, lastId }];
  }
}

/** A handler that fails with the first try of each message. */
function failingFirst(): Handler {
  const failed = new Set<string>();
  return (message) => {
    if (failed.has(message)) return;
    failed.add(message);
    throw new Error('not yet');
  };
}

test('one after another, a message that failed is handled again after the delay, and no other one before that', async () => {
  const stage = new Stage(failingFirst());
  await stage.read('a', 'b');
  stage.intake.advance();
  stage.intake.advance();
  expect(stage.begun).toEqual(['a']);
  await stage.clock.pass(DELAY_MS);
  stage.intake.advance();
  expect(stage.begun).toEqual(['a', 'a', 'b']);
});

test('side by side, a message is asked for its key again after the delay, and no other one before that', async () => {
  const asked: string[] = [];
  const keyOf = (message: unknown): string => {
    asked.push(message as string);
    if (asked.length === 1) throw new Error('not yet');
    return 'k';
  };
  const stage = new Stage(() => {}, { concurrency: 4, keyOf });
  await stage.read('a', 'b');
  stage.intake.advance();
  stage.intake.advance();
  expect([asked, stage.begun]).toEqual([['a'], []]);
  await stage.clock.pass(DELAY_MS);
  stage.intake.advance();
  expect([asked, stage.begun]).toEqual([
    ['a', 'a', 'b'],
    ['a', 'b'],
  ]);
});

test('under suspicion a message that failed is handled again under a new mark, once the store has ended the old one', async () => {
  const stage = new Stage(failingFirst());
  stage.suspect();
  await stage.read('a');
  stage.intake.advance();
  expect([stage.begun, stage.triage.isMarking]).toEqual([[], true]);
  stage.commit();
  stage.intake.advance();
  expect(stage.begun).toEqual(['a']);
  await stage.clock.pass(DELAY_MS);
  stage.intake.advance();
  expect([stage.begun, stage.triage.isMarking]).toEqual([['a'], true]);
  stage.commit();
  stage.intake.advance();
  expect([stage.begun, stage.triage.isMarking]).toEqual([['a'], true]);
  stage.commit();
  stage.intake.advance();
  expect(stage.begun).toEqual(['a', 'a']);
});

test('suspicion does not end at the end of the stream while a message is with its handler or not committed', async () => {
  let end!: () => void;
  const stage = new Stage(() => new Promise<void>((resolve) => (end = resolve)));
  stage.suspect();
  await stage.read('a');
  stage.intake.advance();
  stage.commit();
  stage.intake.advance();
  expect(stage.begun).toEqual(['a']);
  await stage.read();
  expect(stage.feed.isAtEnd).toBe(true);
  await stage.read();
  expect(stage.triage.isCautious).toBe(true);
  end();
  await settled();
  stage.intake.settle();
  await stage.read();
  expect(stage.triage.isCautious).toBe(true);
  stage.commit();
  await stage.read();
  expect([stage.triage.isCautious, stage.feed.isCautious]).toEqual([false, false]);
});

test('what cannot be read ends the consumer only after all that was read before it has been handled', async () => {
  const ends: (() => void)[] = [];
  const stage = new Stage(() => new Promise<void>((resolve) => void ends.push(resolve)), { concurrency: 4 });
  await stage.read('a', 'b');
  const error = new Error('unreadable');
  stage.feed.problem = error;
  stage.intake.advance();
  expect([stage.begun, stage.ending]).toEqual([['a', 'b'], undefined]);
  ends[0]!();
  await settled();
  stage.intake.settle();
  stage.intake.advance();
  expect([stage.work.staged.size, stage.ending]).toEqual([1, undefined]);
  ends[1]!();
  await settled();
  stage.intake.settle();
  stage.intake.advance();
  expect([stage.work.staged.size, stage.ending]).toEqual([2, { error, isAtOnce: false }]);
});
