import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hashSlot, hashTag } from '@ars/redis-protocol';
import { KeyLayout } from '../src/key-layout.js';
import { addressOf } from './support/fixture.js';

const homeOf = (stream: string) => hashTag(stream) ?? stream;
const addressFor = (stream: string, consumerId = 'c') =>
  addressOf(homeOf(stream), { consumerId, streams: [stream], scope: stream });
const plain = new KeyLayout('', false);

describe('the keys of a consumer', () => {
  test('carry the tag of its stream', () => {
    const address = addressFor('{orders}:eu', 'mailer');
    expect(plain.record(address)).toBe('ars:{orders}:consumer:%7Borders%7D%3Aeu:mailer');
    expect(plain.state(address)).toBe('ars:{orders}:state:%7Borders%7D%3Aeu:mailer');
    expect(plain.registry('{orders}:eu')).toBe('ars:{orders}:consumers:%7Borders%7D%3Aeu');
    expect(plain.idempotency('{orders}:eu')).toBe('ars:{orders}:idempotency:%7Borders%7D%3Aeu');
  });

  test('carry the whole name of a stream without a tag', () => {
    expect(plain.record(addressFor('orders'))).toBe('ars:{orders}:consumer:orders:c');
    expect(plain.registry('orders')).toBe('ars:{orders}:consumers:orders');
  });

  test('name a state as its owner wants', () => {
    const address = addressFor('orders');
    expect(plain.state({ ...address, stateName: 'my:state' })).toBe('ars:{orders}:state:my%3Astate');
    expect(plain.state({ ...address, stateName: null })).toBeUndefined();
  });

  test('tell a list of streams from the stream whose name is *', () => {
    const list = { ...addressFor('a'), home: 't', scope: '*', streams: ['a', 'b'] };
    expect(plain.record(list)).toBe('ars:{t}:consumer:*:c');
    expect(plain.record({ ...list, streams: ['*'] })).toBe('ars:{t}:consumer:%2A:c');
    expect(plain.record({ ...list, scope: '%2A' })).toBe('ars:{t}:consumer:%252A:c');
  });

  test('differ for different consumers, streams and state names, whatever is in the names', () => {
    const name = fc.string({ unit: fc.constantFrom('a', ':', '{', '}', '%', '3', 'A'), minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(name, name, name, name, (stream, consumer, otherStream, otherConsumer) => {
        const one = plain.record({ ...addressFor(stream, consumer), home: 't', streams: ['x'] });
        const other = plain.record({ ...addressFor(otherStream, otherConsumer), home: 't', streams: ['x'] });
        expect(one === other).toBe(stream === otherStream && consumer === otherConsumer);
      }),
    );
  });
});

describe('the keys of a consumer of several streams', () => {
  const listOf = (home: string, streams: readonly string[]) => addressOf(home, { streams, scope: '*' });
  const refused = (names: readonly string[]) =>
    expect.objectContaining({
      code: 'ARS_CONFIGURATION',
      message: expect.stringMatching(names.map((name) => `'${name}'`).join('.*')),
      details: expect.objectContaining({ home: 'shop' }),
    });

  test.each([[['orders', 'payments', '{shop}:refunds']], [['{shop}:refunds', 'orders', 'payments']]])(
    'do not change when a stream with the tag of the home is added behind a prefix, which is refused: %j',
    (streams) => {
      const layout = new KeyLayout('app:', false);
      expect(() => layout.record(listOf('shop', streams))).toThrow(refused(['{shop}:refunds', 'orders', 'payments']));
      expect(() => layout.state(listOf('shop', streams))).toThrow(refused(['{shop}:refunds', 'orders', 'payments']));
    },
  );

  test('do not change when a stream is added whose whole name is the home, or whose tag is another', () => {
    const layout = new KeyLayout('app:', false);
    expect(() => layout.record(listOf('shop', ['{shop}:a', 'shop']))).toThrow(refused(['{shop}:a', 'shop']));
    expect(() => layout.record(listOf('shop', ['{eu}:a', '{shop}:a']))).toThrow(refused(['{shop}:a', '{eu}:a']));
  });

  test.each(['', 'app:', '{app}:'])(
    'stay the same with every stream that may be added behind the prefix %j',
    (prefix) => {
      const layout = new KeyLayout(prefix, false);
      const names = ['orders', 'payments', 'shop', '{eu}:a', '{shop}:a', '{shop}:b'];
      const recordOf = (streams: readonly string[]) => {
        try {
          return layout.record(listOf('shop', streams));
        } catch {
          return 'refused';
        }
      };
      const list = fc.subarray(names, { minLength: 2 });
      fc.assert(
        fc.property(list, fc.constantFrom(...names), (before, added) => {
          const after = recordOf([...new Set([...before, added])]);
          fc.pre(recordOf(before) !== 'refused');
          expect([recordOf(before), 'refused']).toContain(after);
          if (prefix !== 'app:') expect(after).not.toBe('refused');
        }),
      );
    },
  );
});

describe('on a cluster', () => {
  const prefix = fc.constantFrom('', 'p:', '{p}', 'p{q}:', 'a{}b', '{', 'x}');
  const name = fc.oneof(
    fc.string({ unit: fc.constantFrom('a', 'b', ':', '{', '}'), minLength: 1, maxLength: 6 }),
    fc.constantFrom('orders', '{orders}', '{orders}:1', 'a}b', '{}orders', '{{x}}', 'x{y'),
  );

  test('every key of a consumer is in the slot of its stream, or the stream is refused', () => {
    fc.assert(
      fc.property(prefix, name, (keyPrefix, stream) => {
        const layout = new KeyLayout(keyPrefix, true);
        fc.pre(!layout.isReserved(stream));
        if (layout.placementProblem(homeOf(stream), stream) !== undefined) return;
        const address = addressFor(stream);
        const keys = [
          layout.record(address),
          layout.state(address)!,
          layout.registry(stream),
          layout.idempotency(stream),
        ];
        const slot = hashSlot(layout.stream(stream));
        for (const key of keys) expect(hashSlot(key)).toBe(slot);
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['', 'p:', '{p}', 'p{q}:'])('ordinary names are accepted behind the prefix %j', (keyPrefix) => {
    const layout = new KeyLayout(keyPrefix, true);
    for (const stream of ['orders', '{orders}', '{orders}:1', 'a:b']) {
      expect(layout.placementProblem(homeOf(stream), stream)).toBeUndefined();
    }
    expect(layout.placementProblem('orders', '{orders}:out')).toBeUndefined();
  });

  test('a stream of another slot is refused, with the way out', () => {
    const problem = new KeyLayout('', true).placementProblem('orders', 'alerts');
    expect(problem).toContain("'alerts'");
    expect(problem).toContain('{orders}');
  });

  test('a prefix with a tag puts everything into one slot', () => {
    expect(new KeyLayout('{app}', true).placementProblem('orders', 'alerts')).toBeUndefined();
  });

  test.each(['a}b', '{}orders'])('a stream whose tag does not lead back to its slot is refused: %s', (stream) => {
    expect(new KeyLayout('', true).placementProblem(homeOf(stream), stream)).toContain('hash tag');
  });
});

test('names of the library are refused everywhere, other names only on a cluster', () => {
  expect(plain.placementProblem('orders', 'ars:{orders}:state:x')).toContain('ars:{');
  expect(plain.placementProblem('orders', 'alerts')).toBeUndefined();
  expect(plain.placementProblem('a}b', 'a}b')).toBeUndefined();
});
