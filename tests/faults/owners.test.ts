import { describe, expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { expectExact } from './checker.js';
import { startChild, type Child } from './children.js';
import { CLIENTS } from './clients.js';
import { capture, deliver, isCommit, isFirstRenewal, loadCommit } from './faulty.js';
import {
  between,
  dumpAll,
  isSoak,
  placeOf,
  positionOf,
  seededRandom,
  foldsThrough,
  startOwnProxy,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { report } from './report.js';

const ROUNDS = isSoak ? 60 : 6;

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test(
    'an owner paused while another takes over and works ends as fenced when it wakes, and nothing interleaves',
    async () => {
      const random = seededRandom();
      const { server, client } = await startOwnServer();
      const place = placeOf('paused');
      const plan = { client: library, url: server.url, place, maxMessages: 5 };
      await writeMessages(client, place, 2_000);
      let paused = startChild({ ...plan, by: 'owner 0', pauseInHandler: between(random, 1, 900) });
      for (let round = 1; round <= ROUNDS; round += 1) {
        await pauseSomewhere(paused, round, random);
        const successor = startChild({
          ...plan,
          by: `owner ${round}`,
          pauseInHandler: round % 2 === 0 ? between(random, 1, 900) : 0,
        });
        await successor.until('working');
        await writeMessages(client, place, 1_000, 1_001 + round * 1_000);
        paused.kill('SIGCONT');
        expect((await paused.until('ended')).code, `owner ${round - 1}`).toBe('ARS_FENCED');
        paused = successor;
      }
      const last = startChild({ ...plan, by: 'the last' });
      await untilDone(client, place);
      expect((await last.stop()).code).toBeUndefined();
      const { messages, authors } = report('two owners', { faults: ROUNDS, ...(await expectExact(client, place)) });
      expect(messages).toBe(2_000 + ROUNDS * 1_000);
      expectNoInterleaving(authors);
    },
    isSoak ? 600_000 : 60_000,
  );

  test('two owners that both run without a pause: the later one goes on, the earlier one ends as fenced', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('two');
    await writeMessages(client, place, 5_000);
    const owners: Child[] = [];
    for (const by of ['a', 'b', 'c']) {
      const owner = startChild({ client: library, url: server.url, place, by, maxMessages: 5 });
      owners.push(owner);
      await owner.until('claimed');
    }
    await writeMessages(client, place, 1_000, 5_001);
    expect((await owners[0]!.until('ended')).code).toBe('ARS_FENCED');
    expect((await owners[1]!.until('ended')).code).toBe('ARS_FENCED');
    await untilDone(client, place);
    expect((await owners[2]!.stop()).code).toBeUndefined();
    expectNoInterleaving(report('two owners', { faults: 2, ...(await expectExact(client, place)) }).authors);
  });

  test('an owner that wakes in the middle of a message commits nothing, although its successor has not committed yet', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('woken');
    await writeMessages(client, place, 100);
    const paused = startChild({
      client: library,
      url: server.url,
      place,
      by: 'old',
      pauseInHandler: 50,
      maxMessages: 10,
    });
    await paused.until('pausing');
    const successor = startChild({
      client: library,
      url: server.url,
      place,
      by: 'new',
      holdInHandler: 1,
      leaseMs: 600_000,
    });
    await successor.until('holding');
    const before = await dumpAll(client);
    paused.kill('SIGCONT');
    expect((await paused.until('ended')).code).toBe('ARS_FENCED');
    expect(await dumpAll(client)).toEqual(before);
    successor.release();
    await untilDone(client, place);
    expect(await successor.stop()).toMatchObject({ rewinds: 0 });
    expectNoInterleaving(report('two owners', { faults: 1, ...(await expectExact(client, place)) }).authors);
  });

  test('a commit of an earlier owner that arrives after the takeover is refused as fenced and changes nothing', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('late');
    await loadCommit(client);
    await writeMessages(client, place, 50);
    const proxy = await startOwnProxy(server);
    const captured = capture(proxy, isCommit, 'cut');
    const earlier = await startFold(proxy.url, place, { consumer: { stopTimeoutMs: 200 } });
    const late = await captured;
    await proxy.close();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const later = await startFold(server.url, place, { before: () => held });
    const before = await dumpAll(client);
    expect(await deliver(late, server.port)).toEqual(['fenced']);
    expect(await dumpAll(client)).toEqual(before);
    release();
    await untilDone(client, place);
    await earlier.consumer.stop();
    expect(later.rewinds).toEqual([]);
    report('two owners', { faults: 1, ...(await expectExact(client, place)) });
  });

  test('a commit that its owner has given up never takes effect after the renewal, however late it arrives', async () => {
    const { server, client } = await startOwnServer();
    await client.call('ACL', 'SETUSER', 'blind', 'on', '>pw', '~*', '&*', '+@all', '-info');
    const place = placeOf('given-up');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let calls = 0;
    // Without INFO every connection counts as another history, so the message is read and handled a second time.
    const fold = await startFold(`redis://blind:pw@127.0.0.1:${proxy.port}`, place, {
      before: () => ((calls += 1) > 1 ? held : undefined),
    });
    const captured = capture(proxy, isCommit, 'cut');
    await writeMessages(client, place, 1);
    const late = await captured;
    await waitFor(() => calls === 2, 'the message to be handled again');
    expect(await deliver(late, server.port)).toEqual(['fenced']);
    expect(await positionOf(client, place)).toBe('0-0');
    release();
    await untilDone(client, place);
    expect(fold.rewinds).toEqual([]);
    report('two owners', { faults: 1, ...(await expectExact(client, place)) });
  });

  test('a renewal that arrives after a later one is refused as fenced and changes nothing', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('renewed');
    const proxy = await startOwnProxy(server);
    const fold = await startFold(proxy.url, place, { consumer: { leaseMs: 600_000 } });
    const captured = capture(proxy, isFirstRenewal, 'pass');
    for (let round = 0; round < 2; round += 1) {
      const { recoveries } = fold.consumer.stats();
      proxy.cutAll();
      await waitFor(() => fold.consumer.stats().recoveries > recoveries, 'a recovery');
      await writeMessages(client, place, 10, round * 10 + 1);
      await untilDone(client, place);
    }
    const before = await dumpAll(client);
    expect(await deliver(await captured, server.port)).toMatchObject(['fenced', expect.anything()]);
    expect(await dumpAll(client)).toEqual(before);
    report('two owners', { faults: 1, ...(await expectExact(client, place)) });
  });

  test('a commit that arrives a second time is answered and changes nothing, whether or not others came after it', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('twice');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    await writeMessages(client, place, 10);
    const captured = capture(proxy, isCommit, 'pass');
    const fold = await startFold(proxy.url, place);
    const repeated = await captured;
    await untilDone(client, place);
    await fold.consumer.caughtUp();
    const before = await dumpAll(client);
    expect(await deliver(repeated, server.port)).toEqual(['already']);
    expect(await dumpAll(client)).toEqual(before);
    await writeMessages(client, place, 10, 11);
    await untilDone(client, place);
    const after = await dumpAll(client);
    expect(await deliver(repeated, server.port)).toEqual(['stale']);
    expect(await dumpAll(client)).toEqual(after);
    report('two owners', { faults: 2, ...(await expectExact(client, place)) });
  });
});

/** Odd rounds: wherever a signal from outside hits. Even rounds: in the middle of a message, where the plan said. */
async function pauseSomewhere(owner: Child, round: number, random: () => number): Promise<void> {
  if (round % 2 === 1) return void (await owner.until('pausing'));
  await owner.until('working');
  await new Promise((resolve) => setTimeout(resolve, between(random, 0, 20)));
  owner.kill('SIGSTOP');
}

/** Once somebody else has written, an owner never writes again. */
function expectNoInterleaving(authors: readonly string[]): void {
  const turns = authors.filter((author, index) => author !== authors[index - 1]);
  expect(turns, 'owners in turn').toEqual([...new Set(turns)]);
}
