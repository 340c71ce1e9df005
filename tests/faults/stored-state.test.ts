import type { Serializer } from '@ars/core';
import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { recordKey, stateKey, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import {
  dumpAll,
  foldsThrough,
  placeOf,
  startOwnServer,
  untilDone,
  writeMessages,
  type FoldOptions,
} from './harness.js';
import { report } from './report.js';

/** The same format under another name: what is stored must be believed, not tried. */
const another: Serializer = {
  name: 'another',
  undefinedProperties: 'deleted',
  serialize: (value) => JSON.stringify(value),
  deserialize: (stored) => JSON.parse(String(stored)) as unknown,
};

interface Misfit {
  readonly name: string;
  readonly code: string;
  readonly spoil?: (client: Redis, place: Place) => Promise<unknown>;
  readonly consumer?: FoldOptions['consumer'];
}

const ofState = (attribute: string, value: string | Buffer) => (client: Redis, place: Place) =>
  client.hset(stateKey(place), `a:${attribute}`, value);

const MISFITS: readonly Misfit[] = [
  { name: 'cut bytes', code: 'ARS_SERIALIZATION', spoil: ofState('totals', '{"k1":') },
  { name: 'bytes that are no text', code: 'ARS_SERIALIZATION', spoil: ofState('hash', Buffer.of(0x31, 0xff)) },
  { name: 'nothing', code: 'ARS_SERIALIZATION', spoil: ofState('sum', '') },
  { name: 'a value of another kind', code: 'ARS_STATE_SCHEMA', spoil: ofState('totals', '[]') },
  {
    name: 'another layout',
    code: 'ARS_STATE_SCHEMA',
    spoil: (client, place) => client.hset(recordKey(place), 'layout', '999'),
  },
  { name: 'state of another serializer', code: 'ARS_STATE_SCHEMA', consumer: { serializer: another } },
  { name: 'state of a lower version without migrate', code: 'ARS_STATE_SCHEMA', consumer: { stateVersion: 3 } },
];

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test.each(MISFITS)(
    '$name in what is stored refuses the start with $code, and stays as it is',
    async ({ code, spoil, consumer }) => {
      const { server, client } = await startOwnServer();
      const place = placeOf('misfit');
      await writeMessages(client, place, 100);
      const first = await startFold(server.url, place);
      await untilDone(client, place);
      await first.consumer.stop();
      await spoil?.(client, place);
      const before = await dumpAll(client);
      await expect(startFold(server.url, place, consumer ? { consumer } : {})).rejects.toMatchObject({ code });
      expect(await dumpAll(client)).toEqual(before);
      report('stored state does not fit', { faults: 1, messages: 100 });
    },
  );
});
