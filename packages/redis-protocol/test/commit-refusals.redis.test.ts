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
