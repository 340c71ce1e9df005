import { expect, test } from 'vitest';
import { Feed } from '../../src/consumer/feed.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { ConfigurationError, StoreUnavailableError } from '../../src/domain/errors.js';
import type { ReadRequest, StreamRead, StreamReader } from '../../src/store/stream-store.js';
import type { StreamCursor } from '../../src/store/stored-consumer.js';
import { settled } from '../care/clock.js';

interface Asked {
  readonly request: ReadRequest;
  readonly answer: (...reads: StreamRead[]) => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** A reader whose reads wait for their answers. */
function createReader(): { reader: StreamReader; asked: Asked[] } {
  const asked: Asked[] = [];
  const read = (request: ReadRequest): Promise<readonly StreamRead[]> =>
    new Promise((resolve, reject) => {
      asked.push({
        request,
        answer: (...reads) => (resolve(reads), settled()),
        fail: (error) => (reject(error), settled()),
      });
    });
  return { reader: { read } as unknown as StreamReader, asked };
}

const MAX_MESSAGES = 2;

function setUp(...streams: string[]) {
  const told: string[] = [];
  const plan = {
    address: { consumerId: 'c', streams },
    batch: { maxMessages: MAX_MESSAGES, maxBytes: 1_000 },
  } as unknown as ConsumerPlan;
  const feed = new Feed(plan, {
    onRead: () => told.push('read'),
    onLoss: () => told.push('loss'),
    onDoubt: (kind) => told.push(kind),
  });
  feed.reset(streams.map(startOf));
  const { reader, asked } = createReader();
  feed.attach(reader);
  return { told, feed, asked };
}

const startOf = (stream: string): StreamCursor => ({ stream, position: '0-0', read: 0 });

/** What a read finds that begins behind so many entries: these ones, whose IDs are their numbers. */
function found(stream: string, read: number, count: number, lost = 0): StreamRead {
  const ids = Array.from({ length: count }, (_, index) => `${read + lost + index + 1}-0`);
  const last = read + lost + count;
  const lastId = `${last}-0`;
  const entries = ids.map((id) => ({ id, fields: [] }));
  return {
    stream,
    entries,
    lost,
    cursor: { stream, position: lastId, read: last },
    regressed: false,
    added: last,
    lastId,
  };
}

/** Takes all that waits; answers stream and ID of each. */
function taken(feed: Feed): string[] {
  const all: string[] = [];
  for (let next = feed.take(); next !== undefined; next = feed.take())
    all.push(`${next.stream} ${next.gap === undefined ? next.id : 'gap'}`);
  return all;
}

test('a stream that cannot be read ends the consumer behind what was read, and is not read again', async () => {
  const { feed, asked } = setUp('in');
  feed.readAhead();
  await asked[0]!.answer(found('in', 0, 2));
  feed.readAhead();
  const error = new ConfigurationError('not a stream');
  await asked[1]!.fail(error);
  expect(feed.problem).toBe(error);
  expect([feed.readAhead(), asked.length]).toEqual([false, 2]);
  expect(taken(feed)).toEqual(['in 1-0', 'in 2-0']);
  expect([feed.readAhead(), asked.length]).toEqual([false, 2]);
});

test('behind a regression nothing is read', async () => {
  const { feed, asked } = setUp('in');
  feed.readAhead();
  await asked[0]!.answer({ ...found('in', 0, 0), regressed: true });
  feed.confirmLoss();
  expect(feed.problem).toMatchObject({ code: 'ARS_STREAM_REGRESSED' });
  expect([feed.readAhead(), asked.length]).toEqual([false, 1]);
});

test('what an earlier reader still finds is not used: the present one reads it from its own history', async () => {
  const { feed, asked: earlier, told } = setUp('in');
  feed.readAhead();
  const { reader, asked } = createReader();
  feed.attach(reader);
  feed.readAhead();
  await earlier[0]!.answer(found('in', 0, 2));
  expect([taken(feed), told]).toEqual([[], []]);
  await asked[0]!.answer(found('in', 0, 1));
  expect([taken(feed), told]).toEqual([['in 1-0'], ['read']]);
});

test('what a reader finds that was detached is not used', async () => {
  const { feed, asked, told } = setUp('in');
  feed.readAhead();
  feed.detach();
  await asked[0]!.answer(found('in', 0, 2));
  expect([taken(feed), told]).toEqual([[], []]);
});

test.each([new StoreUnavailableError('closed'), new ConfigurationError('not a stream')])(
  'the failure of an earlier reader is no trouble of the present one: %s',
  async (error) => {
    const { feed, asked: earlier, told } = setUp('in');
    feed.readAhead();
    const { reader, asked } = createReader();
    feed.attach(reader);
    feed.readAhead();
    await earlier[0]!.fail(error);
    expect([feed.problem, told]).toEqual([undefined, []]);
    await asked[0]!.answer(found('in', 0, 1));
    expect(taken(feed)).toEqual(['in 1-0']);
  },
);

test('a loss that nobody confirmed before the reader was replaced is looked for anew', async () => {
  const { feed, asked: earlier, told } = setUp('in');
  feed.readAhead();
  await earlier[0]!.answer(found('in', 0, 1, 3));
  expect(told).toEqual(['loss', 'read']);
  const { reader, asked } = createReader();
  feed.attach(reader);
  feed.confirmLoss();
  expect(taken(feed)).toEqual([]);
  feed.readAhead();
  await asked[0]!.answer(found('in', 0, 1, 3));
  feed.confirmLoss();
  expect(taken(feed)).toEqual(['in gap', 'in 4-0']);
});

test('under caution one message is read at a time, and the next only when nothing waits', async () => {
  const { feed, asked } = setUp('in');
  feed.isCautious = true;
  feed.readAhead();
  expect(asked[0]!.request.maxEntries).toBe(1);
  await asked[0]!.answer(found('in', 0, 1));
  feed.readAhead();
  expect(asked).toHaveLength(1);
  const first = feed.take()!;
  feed.putBack([first]);
  feed.readAhead();
  expect(asked).toHaveLength(1);
  feed.take();
  feed.readAhead();
  expect(asked).toHaveLength(2);
});

test('the stream of a suspect is read first, the others in their order behind it', async () => {
  const { feed, asked } = setUp('a', 'b', 'c');
  feed.reset([startOf('a'), startOf('b'), startOf('c')], 'b');
  feed.readAhead();
  const { cursors } = asked[0]!.request;
  await asked[0]!.answer(...cursors.map(({ stream }) => found(stream, 0, 1)));
  expect(taken(feed)).toEqual(['b 1-0', 'a 1-0', 'c 1-0']);
});

test('without caution whole batches are read, and at most one waits behind the one that is handled', async () => {
  const { feed, asked } = setUp('in');
  for (const read of [0, 1]) {
    feed.readAhead();
    feed.readAhead();
    expect(asked[read]!.request.maxEntries).toBe(MAX_MESSAGES);
    await asked[read]!.answer(found('in', read * MAX_MESSAGES, MAX_MESSAGES));
  }
  feed.readAhead();
  expect(asked).toHaveLength(2);
  for (let n = 0; n < MAX_MESSAGES; n += 1) feed.take();
  feed.readAhead();
  expect(asked).toHaveLength(3);
});
