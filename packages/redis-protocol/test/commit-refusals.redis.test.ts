import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CommitError, type Commit, type StreamStore } from '@ars/core';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene, type Claimed } from './support/fixture.js';
import { snapshotOf } from './support/snapshot.js';

let server: TestServer;
let url: string;
let admin: Scene;
let tag: string;
beforeAll(async () => {
  server = await startServer();
  ({ url } = server);
  admin = await Scene.open(url);
});
beforeEach(() => {
  tag = freshTag();
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

const out = (name: string) => `{${tag}}${name}`;
const publishTo = (...names: string[]) => names.map((name) => ({ stream: out(name), fields: ['f', 'v'] }));
const STATE = { header: { version: 0, serializer: 'json', declared: ['n'] }, set: [['n', '1']], deleted: [] } as const;

/** Makes a consumer that has committed state and entries before, so that a refusal has something to spoil. */
async function established(
  store: StreamStore,
  base?: Partial<Commit>,
): Promise<Claimed & { cursor: Commit['cursors'][0] }> {
  const stream = out('in');
  const first = (await admin.do('XADD', stream, '*', 'f', 'v')) as string;
  const second = (await admin.do('XADD', stream, '*', 'f', 'v')) as string;
  const claimed = await claim(store, addressOf(tag));
  const commit = commitOf(claimed.base, { cursors: [{ stream, position: first, read: 1 }], state: STATE, ...base });
  expect(await claimed.home.commit(claimed.token, commit)).toEqual({ outcome: 'committed' });
  return { ...claimed, base: commit.commitId, cursor: { stream, position: second, read: 2 } };
}

/** Commits, expects a refusal that leaves every byte as it was, and answers the error. */
async function refusalOf(claimed: Claimed, commit: Commit): Promise<CommitError> {
  const before = await snapshotOf(admin, tag);
  const error = await claimed.home.commit(claimed.token, commit).then(
    () => expect.fail('was not refused'),
    (reason: unknown) => reason,
  );
  expect(await snapshotOf(admin, tag)).toEqual(before);
  expect(error).toBeInstanceOf(CommitError);
  return error as CommitError;
}

/** A store as a user of its own, whose rights are given as ACL rules. */
async function storeAs(...rules: string[]): Promise<StreamStore> {
  await admin.do('ACL', 'SETUSER', tag, 'reset', 'on', '>secret', ...rules);
  return rawStore(url, { user: [tag, 'secret'] });
}

/** Changes of the state that are written before the entries, and behind them. */
const CHANGES: Record<string, Commit['state']> = {
  'no state': undefined,
  'one attribute': { header: undefined, set: [['n', '2']], deleted: [] },
  'a new attribute': { header: undefined, set: [['n', '2'], ['m', '3']], deleted: [] }, // prettier-ignore
  'many attributes': { header: undefined, set: Array.from({ length: 40 }, (_, i) => [`m${i}`, '3']), deleted: [] },
  'an attribute less': { header: undefined, set: [['o', '3']], deleted: ['n'] },
};

describe('nothing remains of a commit', () => {
  test('whose target is not a stream, and the error names the stream', async () => {
    const store = rawStore(url);
    const claimed = await established(store);
    await admin.do('SET', out('b'), 'x');
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a', 'b', 'a') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'WRONGTYPE', stream: out('b') });
    await store.close();
  });

  test('whose target has no IDs left for all entries', async () => {
    const store = rawStore(url);
    const claimed = await established(store);
    await admin.do('XADD', out('b'), '18446744073709551615-18446744073709551613', 'f', 'v');
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a', 'b', 'b', 'b') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'EXHAUSTED', stream: out('b') });
    await store.close();
  });

  test.each([1, 2])(
    'whose only target has an ID left, or some, in the last millisecond of all: %i entries',
    async (entries) => {
      const store = rawStore(url);
      const claimed = await established(store);
      await admin.do('XADD', out('a'), '18446744073709551615-18446744073709551614', 'f', 'v');
      const changes = {
        cursors: [claimed.cursor],
        state: STATE,
        publishes: publishTo(...Array<string>(entries).fill('a')),
      };
      const error = await refusalOf(claimed, commitOf(claimed.base, changes));
      expect(error.details).toMatchObject({ reason: 'EXHAUSTED', stream: out('a') });
      await store.close();
    },
  );

  test.each(['record', 'state', 'registry'])('whose %s is not a hash', async (kind) => {
    const store = rawStore(url);
    const claimed = await established(store);
    const name = `%7B${tag}%7Din`;
    const key = { record: `consumer:${name}:c`, state: `state:${name}:c`, registry: `consumers:${name}` }[kind];
    await admin.do('DEL', `ars:{${tag}}:${key}`);
    await admin.do('SET', `ars:{${tag}}:${key}`, 'x');
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'WRONGTYPE' });
    await store.close();
  });

  test('whose target is a key of the library', async () => {
    const store = rawStore(url);
    const claimed = await established(store);
    const publishes = [...publishTo('a'), { stream: `ars:{${tag}}:state:x`, fields: ['f', 'v'] }];
    expect((await refusalOf(claimed, commitOf(claimed.base, { publishes }))).details).toMatchObject({
      reason: 'PLACEMENT',
    });
    await store.close();
  });

  test('that touches a key which the user may not', async () => {
    const store = await storeAs('+@all', `~{${tag}}in`, `~{${tag}}a`, `~ars:{${tag}}:*`);
    const claimed = await established(store);
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a', 'b') };
    expect((await refusalOf(claimed, commitOf(claimed.base, changes))).details).toMatchObject({ reason: 'NOPERM' });
    await store.close();
  });

  test.each(['xadd', 'hset', 'xinfo|stream', 'hmget', 'hget'])(
    'that needs %s, which the user may not',
    async (command) => {
      const store = await storeAs('+@all', '~*');
      const claimed = await established(store);
      await admin.do('ACL', 'SETUSER', tag, `-${command}`);
      const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a', 'b') };
      expect((await refusalOf(claimed, commitOf(claimed.base, changes))).details).toMatchObject({ reason: 'NOPERM' });
      await store.close();
    },
  );

  test.each(['new', 'existing'])('that may append to its first target but not to its second, %s one', async (kind) => {
    if (kind === 'existing') await admin.do('XADD', out('b'), '*', 'f', 'v');
    await admin.do('XADD', out('a'), '*', 'f', 'v');
    const store = await storeAs('+@all', '~*', '-xadd', `(+xadd ~{${tag}}a)`);
    const claimed = await established(store);
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a', 'a', 'b') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'NOPERM', stream: out('b'), command: 'XADD' });
    await store.close();
  });

  test('whose only target it may not append to', async () => {
    const store = await storeAs('+@all', '~*', '-xadd', `(+xadd ~other)`);
    const claimed = await established(store);
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'NOPERM', stream: out('a'), command: 'XADD' });
    await store.close();
  });

  test.each(['consumer', 'consumers', 'state'])('that may write all its keys but its %s key', async (kind) => {
    await admin.do('XADD', out('a'), '*', 'f', 'v');
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store);
    const rest = ['consumer', 'consumers', 'state'].filter((other) => other !== kind);
    const selectors = rest.map((other) => `(+hset ~ars:{${tag}}:${other}:*)`);
    await admin.do('ACL', 'SETUSER', tag, '-hset', ...selectors);
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'NOPERM', command: 'HSET' });
    await store.close();
  });

  test('that changes more of its state than is written before entries, when it may not write it', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store);
    const selectors = ['consumer', 'consumers'].map((kind) => `(+hset ~ars:{${tag}}:${kind}:*)`);
    await admin.do('XADD', out('a'), '*', 'f', 'v');
    await admin.do('ACL', 'SETUSER', tag, '-hset', ...selectors);
    const changes = { cursors: [claimed.cursor], state: CHANGES['many attributes'], publishes: publishTo('a') };
    const error = await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(error.details).toMatchObject({ reason: 'NOPERM', command: 'HSET' });
    await store.close();
  });

  test('that takes a mark away, when it may not', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store, { attempt: { stream: out('in'), id: '1-1', count: 2 } });
    await admin.do('XADD', out('a'), '*', 'f', 'v');
    await admin.do('ACL', 'SETUSER', tag, '-hdel');
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') };
    expect((await refusalOf(claimed, commitOf(claimed.base, changes))).details).toMatchObject({ command: 'HDEL' });
    await store.close();
  });

  test('that would be its first state, when it may not append', async () => {
    const store = await storeAs('+@all', '~*', '-xadd');
    const claimed = await established(store, { state: undefined });
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') };
    await refusalOf(claimed, commitOf(claimed.base, changes));
    expect(await admin.do('EXISTS', `ars:{${tag}}:state:%7B${tag}%7Din:c`)).toBe(0);
    await store.close();
  });

  test('that would be its first state, when it may neither append nor take that back', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store, { state: undefined });
    await admin.do('ACL', 'SETUSER', tag, '-hdel', '-xadd');
    const changes = { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') };
    expect((await refusalOf(claimed, commitOf(claimed.base, changes))).details).toMatchObject({ command: 'HDEL' });
    await store.close();
  });

  test('that would register its consumer anew, when it may neither append nor take that back', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store);
    await admin.do('DEL', `ars:{${tag}}:consumers:%7B${tag}%7Din`);
    await admin.do('ACL', 'SETUSER', tag, '-hdel', '-xadd');
    const changes = { cursors: [claimed.cursor], publishes: publishTo('a') };
    expect((await refusalOf(claimed, commitOf(claimed.base, changes))).details).toMatchObject({ command: 'HDEL' });
    await store.close();
  });

  test('that deletes attributes, when it may not', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store);
    await admin.do('XADD', out('a'), '*', 'f', 'v');
    await admin.do('ACL', 'SETUSER', tag, '-hdel');
    const state = { ...STATE, set: [['n', '2'] as const], deleted: ['old'] };
    const error = await refusalOf(claimed, commitOf(claimed.base, { state, publishes: publishTo('a') }));
    expect(error.details).toMatchObject({ reason: 'NOPERM', command: 'HDEL' });
    await store.close();
  });
});

/** Why a server may refuse an entry. */
const OBSTACLES: Record<string, (stream: string) => Promise<unknown>> = {
  WRONGTYPE: (stream) => admin.do('SET', stream, 'x'),
  EXHAUSTED: (stream) => admin.do('XADD', stream, '18446744073709551615-18446744073709551615', 'f', 'v'),
  NOPERM: (stream) => admin.do('ACL', 'SETUSER', tag, '-xadd', `(+xadd ~other:${stream})`),
};
const REFUSED_ENTRIES = Object.keys(OBSTACLES).flatMap((reason) =>
  Object.keys(CHANGES).flatMap((change) => [1, 2].map((entries) => [reason, change, entries] as const)),
);

describe('nothing remains of a commit whose only target refuses', () => {
  test.each(REFUSED_ENTRIES)('%s: with %s, and %i entries', async (reason, change, entries) => {
    const store = await storeAs('+@all', '~*');
    const stream = `{${tag}}in`;
    const claimed = await established(store, { attempt: { stream, id: '1-1', count: 2 } });
    await OBSTACLES[reason]!(out('a'));
    const publishes = publishTo(...Array<string>(entries).fill('a'));
    const suspect = { stream, id: '1-2', count: 1 };
    const commit = commitOf(claimed.base, { cursors: [claimed.cursor], state: CHANGES[change], publishes, suspect });
    expect((await refusalOf(claimed, commit)).details).toMatchObject({ reason, stream: out('a') });
    await store.close();
  });

  test('and that may not take back a new attribute', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store);
    await admin.do('ACL', 'SETUSER', tag, '-xadd', '-hdel');
    const changes = { state: CHANGES['a new attribute'], publishes: publishTo('a') };
    expect((await refusalOf(claimed, commitOf(claimed.base, changes))).details).toMatchObject({ command: 'HDEL' });
    await store.close();
  });

  test('and that may not take back a new mark', async () => {
    const store = await storeAs('+@all', '~*');
    const claimed = await established(store);
    await admin.do('ACL', 'SETUSER', tag, '-xadd', '-hdel');
    const suspect = { stream: out('in'), id: '1-2', count: 1 };
    const commit = commitOf(claimed.base, { suspect, publishes: publishTo('a') });
    expect((await refusalOf(claimed, commit)).details).toMatchObject({ command: 'HDEL' });
    await store.close();
  });
});

describe('a refused commit', () => {
  test('does not keep the next one from committing', async () => {
    const store = rawStore(url);
    const claimed = await established(store);
    await admin.do('SET', out('b'), 'x');
    await refusalOf(claimed, commitOf(claimed.base, { publishes: publishTo('b') }));
    const next = commitOf(claimed.base, { cursors: [claimed.cursor], state: STATE, publishes: publishTo('a') });
    expect(await claimed.home.commit(claimed.token, next)).toEqual({ outcome: 'committed' });
    await store.close();
  });
});
