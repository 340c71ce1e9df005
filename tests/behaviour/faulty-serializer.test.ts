import type { Fields, Serializer, StoredValue, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';

/** As one that gives what `JSON.stringify` gives: nothing for some values. */
const forgetful: Serializer = {
  name: 'forgetful',
  undefinedProperties: 'deleted',
  serialize: (value) => (JSON.stringify(value).includes('13') ? undefined : JSON.stringify(value)) as StoredValue,
  deserialize: (stored) => JSON.parse(String(stored)) as unknown,
};

const reason = /latest|only/;

describeStores((kit) => {
  const latest = {
    state: { latest: 0 },
    serializer: forgetful,
    handler: ({ n }: Fields, { state }: Transaction<{ latest: number }>): void => void (state.latest = Number(n)),
  };

  test.each([{}, { key: () => 'only' }])(
    'what a serializer gives instead of a stored form is the failure of the message that brought it (%o)',
    async (more) => {
      await kit.addNumbers('in', 11, 13);
      const deadLetter = kit.name('dead');
      const consumer = await kit.started({ ...latest, deadLetter, ...more });
      await consumer.caughtUp();
      expect((await kit.entries('dead')).map(({ message }) => message)).toEqual([
        expect.objectContaining({
          n: '13',
          'ars:code': 'ARS_SERIALIZATION',
          'ars:reason': expect.stringMatching(reason),
        }),
      ]);
      const state = 'key' in more ? await consumer.stateOf('only') : consumer.state;
      expect(state).toEqual({ latest: 12 });
    },
  );

  test('a default that it does not store is refused at once', () => {
    expect(() => kit.consumer({ ...latest, state: { latest: 13 } })).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'state', attribute: 'latest' } }),
    );
  });
});
