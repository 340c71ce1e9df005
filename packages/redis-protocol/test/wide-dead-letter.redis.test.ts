import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isArsError, replayDeadLetters, StreamConsumer, type StreamStore } from '@ars/core';
import { REQUIRED_COMMANDS } from '@ars/redis-protocol';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { ENTRY_VALUES_MAX } from '../src/scripts/fragments.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
/** What a dead letter adds to a message. */
const ADDED = 7;
const FIELDS_MAX = ENTRY_VALUES_MAX / 2;

let server: TestServer;
let admin: Scene;
let store: StreamStore;
let tag: string;
beforeAll(async () => {
  server = await startServer();
  admin = await Scene.open(server.url);
});
beforeEach(async () => {
  tag = freshTag();
  const keys = [`~{${tag}}*`, `~ars:{${tag}}:*`];
  const commands = REQUIRED_COMMANDS.map((command) => `+${command}`);
  await admin.do('ACL', 'SETUSER', tag, 'reset', 'on', '>secret', ...keys, ...commands);
  store = rawStore(server.url, { user: [tag, 'secret'] });
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

const name = (stream: string): string => `{${tag}}${stream}`;
const lengthOf = (stream: string): Promise<unknown> => admin.do('XLEN', name(stream));

/** Adds an entry of so many fields that cannot be decoded, so that it is given up at once. */
async function addHopeless(fields: number): Promise<string> {
  const values = Array.from({ length: fields * 2 - 1 }, (_, index) => `v${index}`);
  return (await admin.do('XADD', name('in'), '*', ...values, Uint8Array.of(0xff))) as string;
}

/** Handles what is in the stream in one batch: each message publishes one. */
function consumer(): StreamConsumer {
  return new StreamConsumer({
    store,
    stream: name('in'),
    consumerId: 'c',
    deadLetter: name('dead'),
    logger: quiet,
    handler: (_, transaction) => transaction.publish(name('out'), { done: '1' }),
  });
}

describe('with the required rights only', () => {
  test('a message too wide for a dead letter ends the consumer, and the one before it is published once', async () => {
    const first = (await admin.do('XADD', name('in'), '*', 'n', '1')) as string;
    await addHopeless(5_000);
    const running = consumer();
    await running.start();
    const end = await running.closed.catch((error: unknown) => error);
    expect([await lengthOf('out'), await lengthOf('dead')]).toEqual([1, 0]);
    expect(await admin.hash(`ars:{${tag}}:consumers:%7B${tag}%7Din`)).toEqual({
      [`ars:{${tag}}:consumer:%7B${tag}%7Din:c`]: first,
    });
    expect(isArsError(end, 'ARS_COMMIT')).toBe(true);
    expect(String(end)).toMatch(/too many fields for a dead letter/);
    expect(end).toMatchObject({ details: { stream: name('dead'), reason: 'TOO_MANY_FIELDS', fields: 5_000 + ADDED } });
    await store.close();
  });

  test('a message as wide as a dead letter may be is put aside', async () => {
    await addHopeless(FIELDS_MAX - ADDED);
    const running = consumer();
    await running.start();
    await running.caughtUp();
    await running.stop();
    expect([await lengthOf('out'), await lengthOf('dead')]).toEqual([0, 1]);
    await store.close();
  });
});

test('an entry of one field more than a commit can take is refused, and nothing is written', async () => {
  const { home, token, base } = await claim(store, addressOf(tag));
  const publishing = (fields: number) => {
    const wide = { stream: name('dead'), fields: Array.from({ length: fields * 2 }, () => 'x') };
    return home.commit(token, commitOf(base, { publishes: [{ stream: name('out'), fields: ['n', '1'] }, wide] }));
  };
  await expect(publishing(FIELDS_MAX + 1)).rejects.toMatchObject({ code: 'ARS_COMMIT' });
  expect([await lengthOf('out'), await lengthOf('dead')]).toEqual([0, 0]);
  expect(await publishing(FIELDS_MAX)).toEqual({ outcome: 'committed' });
  expect([await lengthOf('out'), await lengthOf('dead')]).toEqual([1, 1]);
  await store.close();
});

test('whatever a commit could put aside can be replayed, and what is behind it', async () => {
  await addHopeless(FIELDS_MAX - ADDED);
  await addHopeless(1);
  const running = consumer();
  await running.start();
  await running.caughtUp();
  await running.stop();
  await admin.do('ACL', 'SETUSER', tag, '+xdel');
  const answer = await replayDeadLetters(store, { from: name('dead'), to: name('again') });
  expect(answer).toEqual({ moved: 2, kept: 0, held: 0 });
  expect([await lengthOf('dead'), await lengthOf('again')]).toEqual([0, 2]);
  await store.close();
});
