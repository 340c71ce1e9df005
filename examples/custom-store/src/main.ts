import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamConsumer, StreamProducer, type StreamStore } from '@ars/core';
import { conformanceReport, type StoreSubject } from '@ars/testkit';
import { openFileStore } from './file-store.js';

const folder = mkdtempSync(join(tmpdir(), 'ars-file-store-'));
let files = 0;

/** A fresh file for one case of the suite, with what others might do to its content. */
async function createSubject(): Promise<StoreSubject> {
  const store = openFileStore(join(folder, `${(files += 1)}.jsonl`));
  const operator = await store.openReader();
  const idsOf = async (stream: string): Promise<string[]> => {
    const cursor = await operator.locate(stream, 'beginning');
    const [read] = await operator.read({ cursors: [cursor], maxEntries: Infinity, maxBytes: Infinity, waitMs: 0 });
    return read!.entries.map(({ id }) => id);
  };
  return {
    store,
    async addEntry(stream, fields, id) {
      if (id === undefined) return (await store.append({ stream, fields, idempotencyKey: undefined })).id;
      store.write({ appended: [[stream, id, fields]] });
      return id;
    },
    deleteEntries: async (stream, ids) => store.write({ removed: [stream, ids] }),
    trimStream: async (stream, maxLength) => {
      const ids = await idsOf(stream);
      store.write({ removed: [stream, ids.slice(0, Math.max(0, ids.length - maxLength))] });
    },
    deleteStream: async (stream) => store.write({ dropped: stream }),
    close: () => store.close(),
  };
}

const report = await conformanceReport({
  create: createSubject,
  missing: {
    evict: 'nothing is evicted from a file',
    occupy: 'only streams have names',
    disconnect: 'a file has no connections',
    olderCopy: 'a copy is restored while nobody has the file open',
    boundedStore: 'every key is remembered for ever',
  },
});
for (const { name, reason } of report.results.filter(({ outcome }) => outcome === 'failed'))
  console.log(`FAILED ${name}: ${reason}`);
console.log(`The suite: ${report.failed === 0 ? 'every promise kept' : `${report.failed} promises broken`}.`);

/** Runs a consumer that adds up, until it has come to the end. */
async function addUp(store: StreamStore): Promise<number> {
  const adder = new StreamConsumer({
    store,
    stream: 'numbers',
    consumerId: 'adder',
    state: { sum: 0 },
    handler: (message, transaction) => {
      transaction.state.sum += Number(message.n);
      transaction.publish('sums', { sum: transaction.state.sum });
    },
  });
  await adder.start();
  await adder.caughtUp();
  await adder.stop();
  return adder.state.sum;
}

const path = join(folder, 'sums.jsonl');
const first = openFileStore(path);
const producer = new StreamProducer({ store: first });
for (const n of [1, 2, 3]) await producer.publish('numbers', { n });
console.log(`Added up 1, 2, 3: ${await addUp(first)}.`);
await producer.publish('numbers', { n: 4 });
await first.close();
appendFileSync(path, '{"appended":[["numbers","99');
console.log(`A crash in the middle of a line leaves: ${readFileSync(path, 'utf8').split('\n').at(-1)}`);

const second = openFileStore(path);
console.log(`Opened again, and 4 added: ${await addUp(second)}.`);
await second.close();
rmSync(folder, { recursive: true });
process.exitCode = report.failed === 0 ? 0 : 1;
