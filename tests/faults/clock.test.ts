import { describe, expect, test } from 'vitest';
import { describe as infoOf, expectExact } from './checker.js';
import { CLIENTS } from './clients.js';
import { foldsThrough, messageFields, placeOf, startOwnServer, untilDone, writeMessages } from './harness.js';
import { report } from './report.js';

/** In the year 2286: IDs made by a server's clock stay pinned to it, as they do after the clock was set back. */
const FUTURE_MS = '9999999999999';

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('IDs far ahead of the clock, in the input and in the target, are taken as they are', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('pinned');
    await client.xgroup('CREATE', place.target, 'nobody', '$', 'MKSTREAM');
    await client.call('XSETID', place.target, `${FUTURE_MS}-5`);
    const fold = await startFold(server.url, place);
    await writeMessages(client, place, 205);
    await untilDone(client, place);
    await client.xadd(place.stream, `${FUTURE_MS}-7`, ...messageFields(206));
    await writeMessages(client, place, 200, 207);
    await untilDone(client, place);
    expect((await infoOf(client, place.stream)).lastId).toBe(`${FUTURE_MS}-207`);
    expect((await infoOf(client, place.target)).lastId).toBe(`${FUTURE_MS}-45`);
    await fold.consumer.stop();
    await writeMessages(client, place, 100, 407);
    await startFold(server.url, place);
    await untilDone(client, place);
    report('clock', { faults: 2, ...(await expectExact(client, place)) });
  });

  test('the last sequence number of a millisecond is followed by the next millisecond, and order holds', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('wrapped');
    await startFold(server.url, place);
    await client.xadd(place.stream, `${FUTURE_MS}-18446744073709551614`, ...messageFields(1));
    await writeMessages(client, place, 300, 2);
    await untilDone(client, place);
    expect((await infoOf(client, place.stream)).lastId).toBe('10000000000000-298');
    report('clock', { faults: 1, ...(await expectExact(client, place)) });
  });
});
