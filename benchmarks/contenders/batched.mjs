import { connect } from './connections.mjs';
import { messageOf, Orders } from './orders.mjs';

/** Checks the position and writes everything in one step, so that a loop that was replaced, or a repeat, changes nothing. */
const COMMIT = `
if (redis.call('HGET', KEYS[1], 'position') or '0-0') ~= ARGV[1] then return 0 end
local last = 3 + tonumber(ARGV[3])
redis.call('HSET', KEYS[1], 'position', ARGV[2], unpack(ARGV, 4, last))
for i = last + 1, #ARGV, 2 do redis.call('XADD', KEYS[2], '*', 'sku', ARGV[i], 'order_id', ARGV[i + 1]) end
return 1`;

/** A hand-written loop that handles 1,000 messages a commit, and reads and handles on while one commit is under way. */
export function adaptive(options) {
  return run(options, async (loop, messages) => {
    let inFlight;
    let isBusy = false;
    for (let reading = loop.read(), left = messages; left > 0;) {
      const entries = await reading;
      left -= entries.length;
      if (left > 0) reading = loop.read(entries.at(-1)[0]);
      loop.handle(entries);
      if (isBusy && left > 0 && loop.staged < loop.batch) continue;
      await inFlight;
      isBusy = true;
      inFlight = loop.commit().then(() => (isBusy = false));
    }
    await inFlight;
    if (loop.staged > 0) await loop.commit();
  });
}

/** The same with nothing overlapping: read, handle, commit. */
export function sequential(options) {
  return run(options, async (loop, messages) => {
    for (let left = messages; left > 0;) {
      const entries = await loop.read();
      left -= entries.length;
      loop.handle(entries);
      await loop.commit();
    }
  });
}

async function run(options, work) {
  const { client, url, messages, finished } = options;
  const reader = await connect(client, url);
  const writer = await connect(client, url);
  const loop = new Loop(options, reader, writer, await writer.load(COMMIT));
  await work(loop, messages);
  await finished();
  reader.close();
  writer.close();
  return { stock: loop.orders.stock };
}

class Loop {
  batch;
  staged = 0;
  orders;
  #options;
  #reader;
  #writer;
  #sha;
  #handled = '0-0';
  #committed = '0-0';

  constructor(options, reader, writer, sha) {
    this.#options = options;
    this.#reader = reader;
    this.#writer = writer;
    this.#sha = sha;
    this.batch = options.batch ?? 1_000;
    this.orders = new Orders(options.publishEvery, options.handled);
  }

  read(position = this.#handled) {
    return this.#reader.read(this.#options.stream, position, this.batch);
  }

  handle(entries) {
    for (const [id, fields] of entries) {
      this.orders.handle(messageOf(fields));
      this.#handled = id;
    }
    this.staged += entries.length;
  }

  async commit() {
    const { id, out } = this.#options;
    const { fields, published } = this.orders.take();
    const from = this.#committed;
    this.#committed = this.#handled;
    this.staged = 0;
    const args = [from, this.#committed, String(fields.length), ...fields, ...published];
    const answer = await this.#writer.commit(this.#sha, [`hand:${id}`, out], args);
    if (Number(answer) !== 1) throw new Error('the position is not where this loop left it');
  }
}
