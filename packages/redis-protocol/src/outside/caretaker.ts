import {
  ConfigurationError,
  type ConsumerAddress,
  type MoveAnswer,
  type MoveRequest,
  type RegisteredConsumer,
  type Retention,
  type StreamCare,
  type StreamCursor,
} from '@ars/core';
import { refusal } from '../failure.js';
import { hashSlot } from '../hash-slot.js';
import { Packer } from '../packing/pack.js';
import { runScript } from '../script.js';
import { MOVE } from '../scripts/move.js';
import { TRIM } from '../scripts/trim.js';
import { checkEntry, refuseReserved } from './entry-checks.js';
import { OutsideCalls, type OutsideParts } from './outside-calls.js';

/** What is done to streams and to their registries from outside transactions. Every call may safely run twice. */
export class Caretaker implements StreamCare {
  readonly #parts: OutsideParts;
  readonly #calls: OutsideCalls;

  constructor(parts: OutsideParts) {
    this.#parts = parts;
    this.#calls = new OutsideCalls(parts);
  }

  async trim(stream: string, retention: Retention): Promise<number> {
    const { layout } = this.#parts;
    const keys = [layout.stream(stream), layout.registry(stream)];
    this.#checkSlot(stream, keys);
    const args = retentionArguments(retention);
    const call = { stream, verb: 'trim', isRepeatable: true };
    return Number(String(await this.#calls.make(call, (link) => runScript(link, TRIM, keys, args))));
  }

  async consumers(stream: string): Promise<readonly RegisteredConsumer[]> {
    const command = ['HGETALL', this.#parts.layout.registry(stream)];
    const call = { stream, verb: 'list the consumers', isRepeatable: true };
    const flat = (await this.#calls.make(call, (link) => link.send(command))) as Buffer[];
    const consumers: RegisteredConsumer[] = [];
    for (let i = 0; i < flat.length; i += 2) consumers.push({ name: String(flat[i]), position: String(flat[i + 1]) });
    return consumers;
  }

  async register(address: ConsumerAddress, cursors: readonly StreamCursor[]): Promise<void> {
    const name = elsewhere(this.#parts.layout.record(address));
    await Promise.all(
      cursors.map(({ stream, position }) => {
        const command = ['HSET', this.#parts.layout.registry(stream), name, position];
        return this.#calls.make({ stream, verb: 'register', isRepeatable: true }, (link) => link.send(command));
      }),
    );
  }

  async unregister(address: ConsumerAddress): Promise<boolean> {
    const record = this.#parts.layout.record(address);
    const removed = await Promise.all(
      address.streams.map((stream) => {
        const command = ['HDEL', this.#parts.layout.registry(stream), record, elsewhere(record)];
        return this.#calls.make({ stream, verb: 'unregister', isRepeatable: true }, (link) => link.send(command));
      }),
    );
    return removed.some((count) => (count as number) > 0);
  }

  async move({ from, to, entries }: MoveRequest): Promise<MoveAnswer> {
    const { layout, storeName: store } = this.#parts;
    const keys = [layout.stream(from), layout.registry(from), layout.stream(to)];
    if (from === to) throw new TypeError('entries are moved from one stream to another');
    refuseReserved(layout, from);
    for (const { fields } of entries) checkEntry(layout, to, fields);
    this.#checkSlot(from, keys, to);
    if (entries.length === 0) return { moved: 0, held: 0 };
    const packer = new Packer().array(entries.length);
    for (const { id, fields } of entries)
      packer
        .array(fields.length + 1)
        .value(id)
        .values(fields);
    const content = packer.finish();
    const call = { stream: from, verb: 'move entries', isCommit: true, isRepeatable: true };
    const reply = await this.#calls.make(call, (link) => runScript(link, MOVE, keys, [content]));
    const [outcome, first, second, command] = (reply as Buffer[]).map(String);
    if (outcome === 'moved') return { moved: Number(first), held: Number(second) };
    throw refusal(first!, { store, verb: call.verb, isCommit: true, stream: second === '3' ? to : from, command });
  }

  /** On Redis Cluster a script works within one slot. */
  #checkSlot(stream: string, keys: readonly string[], target?: string): void {
    if (!this.#parts.layout.isCluster || new Set(keys.map(hashSlot)).size === 1) return;
    const message =
      target === undefined
        ? `the name '${stream}' cannot share its hash slot with other keys; name it with a hash tag, such as '{orders}'`
        : `streams '${stream}' and '${target}' are not in one hash slot, and Redis Cluster moves within one slot only; ` +
          `give both one hash tag, such as '{orders}:dead' and '{orders}'`;
    throw new ConfigurationError(message, { stream, ...(target === undefined ? {} : { target }), reason: 'PLACEMENT' });
  }
}

/** How a registry lists a consumer that commits in another store: never as a record of this one would be. */
function elsewhere(recordKey: string): string {
  return `@${recordKey}`;
}

function retentionArguments(retention: Retention): string[] {
  if (retention === 'consumed') return ['consumed', '0'];
  const [kind, number] = 'maxLength' in retention ? ['maxLength', retention.maxLength] : ['maxAge', retention.maxAge];
  if (Number.isFinite(number) && number >= 0) return [kind as string, String(Math.floor(number))];
  throw new ConfigurationError(`${kind} must be a number from 0 on`, { option: kind });
}
