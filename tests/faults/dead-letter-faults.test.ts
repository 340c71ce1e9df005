import { StreamConsumer } from '@ars/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { CLIENTS, createStore } from './clients.js';
import { isCommit, loadCommit, loseEvery } from './faulty.js';
import { between, isSoak, seededRandom, startOwnProxy, startOwnServer } from './harness.js';
import { report } from './report.js';
import { addNumbers, expectEach, isDone, recordOf, valuesOf, Victim, type VictimPlan } from './victims.js';

const KILLS = isSoak ? 200 : 5;

describe.each(CLIENTS)('through %s', (client) => {
  const planOf = (url: string): VictimPlan => ({
    client,
    url,
    streams: ['{d}in'],
    consumerId: 'victim',
    target: '{d}out',
    deadLetter: '{d}dead',
    attempts: 2,
    failing: Array.from({ length: 500 }, (_, index) => String(index * 4 + 1)),
  });
  const aside = (last: number): string[] => planOf('').failing!.filter((n) => Number(n) <= last);

  test.runIf(isSoak || client === 'ioredis')(
    'a process killed at any moment while messages are put aside: each is handled or put aside, once',
    async () => {
      const random = seededRandom();
      const { server, client: redis } = await startOwnServer();
      // Not fewer attempts: two kills in a row may hit the same message, and that would condemn it.
      const plan = { ...planOf(server.url), attempts: 5 };
      const record = recordOf(plan, 'd');
      let last = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        await addNumbers(redis, '{d}in', last + 1, (last += between(random, 20, 60)));
        const victim = new Victim({ ...plan, maxMessages: between(random, 1, 20) });
        await victim.working();
        setTimeout(() => victim.kill(), between(random, 0, 40));
        await victim.exited;
        const [dead, out] = [await valuesOf(redis, '{d}dead', 'n'), await valuesOf(redis, '{d}out', 'n')];
        expect(new Set([...dead, ...out]).size, 'never twice, never both').toBe(dead.length + out.length);
        expect(await redis.hget(record, 'read:{d}in')).toBe(String(dead.length + out.length));
      }
      const survivor = new Victim(plan);
      expect(await isDone(redis, plan, record, survivor)).toBe(true);
      await survivor.stop();
      await expectEach(redis, plan, aside(last));
      report('process killed', { faults: KILLS, messages: last });
    },
  );

  test('when every third reply to a commit is lost, each dead letter is written once and told of once', async () => {
    const { server, client: redis } = await startOwnServer();
    await loadCommit(redis);
    const proxy = await startOwnProxy(server);
    const lost = loseEvery(proxy, 3, isCommit);
    const plan = planOf(proxy.url);
    const store = createStore(client, proxy.url, { connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 });
    const consumer = new StreamConsumer({
      store,
      stream: plan.streams,
      consumerId: plan.consumerId,
      deadLetter: plan.deadLetter!,
      state: { count: 0, sum: 0 },
      batch: { maxMessages: 5 },
      stopTimeoutMs: 2_000,
      retry: { attempts: 2, minDelayMs: 1, maxDelayMs: 2 },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        transaction.state.sum += Number(n);
        if (plan.failing!.includes(n!)) throw new Error('no');
        transaction.publish(plan.target, { n: n!, count: transaction.state.count });
      },
    });
    const told: string[] = [];
    consumer.on('deadLetter', ({ id }) => void told.push(id));
    onTestFinished(async () => {
      await consumer.stop();
      await store.close();
    });
    await consumer.start();
    await addNumbers(redis, '{d}in', 1, 120);
    await consumer.caughtUp();
    await expectEach(redis, plan, aside(120));
    expect(told).toEqual(await valuesOf(redis, '{d}dead', 'ars:id'));
    expect(lost()).toBeGreaterThan(5);
    expect(consumer.stats()).toMatchObject({ messages: 120, deadLetters: 30 });
    report('reply lost or connection cut', { faults: lost(), messages: 120 });
  });

  test('a server without memory blames no message: none is put aside, and all are handled when there is memory', async () => {
    const { server, client: redis } = await startOwnServer({ args: ['--maxmemory-policy', 'noeviction'] });
    const log: string[] = [];
    const store = createStore(client, server.url);
    const plan = { ...planOf(server.url), failing: [] };
    const consumer = new StreamConsumer({
      store,
      stream: plan.streams,
      consumerId: plan.consumerId,
      deadLetter: plan.deadLetter!,
      state: { count: 0, sum: 0 },
      retry: { attempts: 1 },
      stopTimeoutMs: 2_000,
      logger: { debug() {}, info() {}, warn: (text) => void log.push(text), error: (text) => void log.push(text) },
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        transaction.state.sum += Number(n);
        transaction.publish(plan.target, { n: n!, count: transaction.state.count });
      },
    });
    onTestFinished(async () => {
      await consumer.stop();
      await store.close();
    });
    await consumer.start();
    const filling = addNumbers(redis, '{d}in', 1, 2_000);
    await redis.config('SET', 'maxmemory', '1');
    await filling;
    await waitFor(() => log.some((line) => line.includes('OOM')), 'the consumer to meet OOM');
    await redis.config('SET', 'maxmemory', '0');
    await addNumbers(redis, '{d}in', 2_001, 2_002);
    await consumer.caughtUp();
    await expectEach(redis, plan, []);
    expect(consumer.stats()).toMatchObject({ failures: 0, deadLetters: 0 });
  });
});
