import { readdir, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { expectExact } from './checker.js';
import { CLIENTS } from './clients.js';
import { foldsThrough, placeOf, positionOf, startOwnServer, untilDone, writeMessages } from './harness.js';
import { report } from './report.js';

const MULTI = '*1\r\n$5\r\nMULTI\r\n';

/** Where the file ends, as a part of the last commit's group of commands. */
const CUTS = [0.01, 0.3, 0.7, 0.999];

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('an append-only file torn inside the last commit loses that commit as a whole, and the consumer does it again', async () => {
    const { server, client } = await startOwnServer({ appendonly: true, args: ['--aof-load-truncated', 'yes'] });
    const place = placeOf('torn');
    const fold = await startFold(server.url, place, { consumer: { leaseMs: 600_000 } }); // no heartbeat behind the commit
    for (const [round, part] of CUTS.entries()) {
      await writeMessages(client, place, 95, round * 100 + 1);
      await untilDone(client, place);
      const kept = await positionOf(client, place);
      await client.xadd(place.stream, '*', 'n', `m${round * 100 + 96}`, 'key', 'last', 'amount', '7');
      await untilDone(client, place);
      await server.kill('SIGKILL');
      await tearLastGroup(server, part);
      await server.restart();
      await waitFor(() => fold.rewinds.length === round + 1, 'the consumer to rewind');
      expect(fold.rewinds[round]!.to).toMatchObject([{ stream: place.stream, position: kept }]);
      await untilDone(client, place);
      await expectExact(client, place);
    }
    report('server restarted, scripts or connections lost', {
      faults: CUTS.length,
      ...(await expectExact(client, place)),
    });
  });
});

/** Cuts the file that commands are appended to inside its last transaction. */
async function tearLastGroup(server: TestServer, part: number): Promise<void> {
  const folder = join(server.dir, 'appendonlydir');
  const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'))!;
  const content = await readFile(join(folder, name));
  const start = content.lastIndexOf(MULTI);
  expect(start, 'a transaction in the file').toBeGreaterThan(0);
  expect(content.includes('HSET', start, 'latin1'), 'the last transaction is a commit').toBe(true);
  await truncate(join(folder, name), start + Math.ceil((content.length - start) * part) - 1);
}
