import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { expectExact } from './checker.js';
import { CLIENTS } from './clients.js';
import { watch } from './faulty.js';
import { foldsThrough, placeOf, startOwnProxy, startOwnServer, untilDone, writeMessages } from './harness.js';
import { report } from './report.js';

const MESSAGES = 100_000;

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  /**
   * What clients send is counted twice. The proxy sees every request. INFO commandstats counts what scripts call, too
   * (a thousand XADDs of one commit are a thousand calls), so of it only the commands that no script can call are taken:
   * those that run scripts. Of them the server may not have run more than passed the proxy; fewer, when a client closes
   * its connection while a read waits.
   */
  test('a backlog of 100,000 messages with 10,000 publishes costs less than 0.05 commands a message', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('backlog');
    await writeMessages(client, place, MESSAGES);
    const proxy = await startOwnProxy(server);
    const commands = new Map<string, number>();
    watch(
      proxy,
      () => true,
      (request) => count(commands, nameOf(request)),
    );
    await client.config('RESETSTAT');

    const fold = await startFold(proxy.url, place);
    await untilDone(client, place);
    await fold.consumer.stop();
    const sent = new Map(commands);
    const scripts = ['evalsha', 'evalsha_ro', 'eval', 'eval_ro'];
    const calls = await callsOf(client);
    expect(sum(calls, scripts), 'calls of scripts').toBeLessThanOrEqual(sum(sent, scripts));
    expect(calls.get('xadd'), 'one in ten publishes').toBe(MESSAGES / 10);
    expect(sum(sent, [...sent.keys()]) / MESSAGES, JSON.stringify([...sent])).toBeLessThan(0.05);
    expect(report('cost', { faults: 0, ...(await expectExact(client, place)) }).messages).toBe(MESSAGES);
  }, 120_000);
});

function count(commands: Map<string, number>, name: string): void {
  commands.set(name, (commands.get(name) ?? 0) + 1);
}

/** The command of a request: the first bulk string of its array. */
function nameOf(request: Buffer): string {
  const [, , name] = request.toString('latin1', 0, 64).split('\r\n');
  return name!.toLowerCase();
}

async function callsOf(client: Redis): Promise<Map<string, number>> {
  const calls = new Map<string, number>();
  for (const [, name, times] of (await client.info('commandstats')).matchAll(/cmdstat_([^:]+):calls=(\d+)/g)) {
    calls.set(name!, Number(times));
  }
  return calls;
}

function sum(calls: ReadonlyMap<string, number>, names: readonly string[]): number {
  return names.reduce((total, name) => total + (calls.get(name) ?? 0), 0);
}
