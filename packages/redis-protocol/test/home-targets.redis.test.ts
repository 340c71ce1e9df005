import { expect, inject, test } from 'vitest';
import { homeKeys } from '../src/home/keys.js';
import { RedisHome } from '../src/home/redis-home.js';
import { KeyLayout } from '../src/key-layout.js';
import { CommitLinks } from '../src/link/commit-links.js';
import { addressOf, commitOf, driverOf, freshTag } from './support/fixture.js';

test('a home forgets which targets it has looked at when there are too many', async () => {
  const layout = new KeyLayout('', false);
  const keys = homeKeys(layout, addressOf(freshTag()));
  const links = new CommitLinks(driverOf(inject('redisUrl')), { connectTimeoutMs: 3000, commandTimeoutMs: 3000 });
  const { link } = await links.lease(keys.record);
  let asked: string[] = [];
  const home = new RedisHome({
    link,
    server: undefined,
    history: undefined,
    openAnother: () => links.open(keys.record),
    keys,
    layout,
    storeName: 'redis',
    targetProblem: (stream) => void asked.push(stream),
    onClose: () => {},
  });
  const owner = '0'.repeat(32);
  /** There is no record, so nothing is written. */
  const publishTo = async (streams: readonly string[]) => {
    const publishes = streams.map((stream) => ({ stream, fields: ['f', 'v'] }));
    const answer = await home.commit({ owner, renewal: 0 }, commitOf(owner, { publishes }));
    expect(answer).toEqual({ outcome: 'gone', what: 'record' });
  };
  const names = Array.from({ length: 1000 }, (_, i) => `out${i}`);
  await publishTo(names);
  await publishTo(names);
  expect(asked).toEqual(names);
  asked = [];
  await publishTo(['more']);
  await publishTo(names.slice(0, 10));
  expect(asked).toEqual(['more', ...names.slice(0, 10)]);
  home.close();
});
