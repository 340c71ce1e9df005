import { afterAll, beforeAll, expect, test } from 'vitest';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { COMMIT } from '../src/scripts/commit.js';
import { commitMessage } from '../src/home/commit-message.js';
import { homeKeys } from '../src/home/keys.js';
import { KeyLayout } from '../src/key-layout.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

/**
 * The commit proves XADD before it writes, so on a real server entries are never taken back. Here the proof is taken
 * out of the script, as on a server that refuses for reasons of its own, to see that the undo behind it works.
 */
const PROOF = /if i > 1 then[\s\S]*?\n {2}end\nend/;
let server: TestServer;
let admin: Scene;
beforeAll(async () => {
  server = await startServer();
  admin = await Scene.open(server.url);
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

/** Commits two entries to `a` and one to `b`, where only `a` may be written, without proof beforehand. */
async function commitUnproven(tag: string, ...rules: string[]): Promise<unknown> {
  const address = addressOf(tag);
  const store = rawStore(server.url);
  const { token, base } = await claim(store, address);
  await store.close();
  const layout = new KeyLayout('', false);
  const publishes = ['a', 'a', 'b'].map((name) => ({ stream: `{${tag}}${name}`, fields: ['f', 'v'] }));
  const { keys, content } = commitMessage(commitOf(base, { publishes }), homeKeys(layout, address), layout, 100);
  await admin.do(
    'ACL',
    'SETUSER',
    'limited',
    'reset',
    'on',
    '>p',
    '+@all',
    '~*',
    '-xadd',
    `(+xadd ~{${tag}}a)`,
    ...rules,
  );
  const user = await Scene.open(server.url, { user: ['limited', 'p'] });
  expect(COMMIT.body).toMatch(PROOF);
  const body = COMMIT.body.replace(PROOF, 'end');
  const reply = await user.do('EVAL', body, keys.length, ...keys, token.owner, '0', content);
  user.close();
  return reply;
}

const described = async (key: string) => {
  const flat = (await admin.do('XINFO', 'STREAM', key)) as unknown[];
  return Object.fromEntries(flat.flatMap((name, i) => (i % 2 === 0 ? [[name as string, flat[i + 1]]] : [])));
};

test('entries added before a write that fails are taken back, counters and last ID too', async () => {
  const tag = freshTag();
  for (const value of ['1', '2', '3']) await admin.do('XADD', `{${tag}}a`, '*', 'f', value);
  const before = await described(`{${tag}}a`);
  expect(await commitUnproven(tag)).toMatchObject([
    'refused',
    expect.stringMatching(/can't access|no permissions/i),
    expect.any(String),
    'XADD',
  ]);
  expect(await described(`{${tag}}a`)).toEqual({ ...before, 'max-deleted-entry-id': '0-1' });
});

test('a stream that did not exist is gone again', async () => {
  const tag = freshTag();
  expect(await commitUnproven(tag)).toMatchObject(['refused', expect.any(String), expect.any(String), 'XADD']);
  expect(await admin.do('EXISTS', `{${tag}}a`, `{${tag}}b`)).toBe(0);
});

test('the largest deleted ID is put back where there was one', async () => {
  const tag = freshTag();
  for (const id of ['1-0', '2-0', '3-0']) await admin.do('XADD', `{${tag}}a`, id, 'f', 'v');
  await admin.do('XDEL', `{${tag}}a`, '2-0');
  const before = await described(`{${tag}}a`);
  await commitUnproven(tag);
  expect(await described(`{${tag}}a`)).toEqual(before);
});

test('an undo that fails in turn says so', async () => {
  const reply = await commitUnproven(freshTag(), '-xdel');
  expect(reply).toMatchObject(['refused', expect.stringMatching(/^UNDO /), expect.any(String), 'XDEL']);
});
