import { CommitError, type AppendAnswer, type AppendRequest, type EntryId } from '@ars/core';
import { Packer } from '../packing/pack.js';
import { runScript } from '../script.js';
import { APPEND_ONCE } from '../scripts/append.js';
import { checkEntry } from './entry-checks.js';
import { OutsideCalls, type OutsideParts } from './outside-calls.js';

/** What is done to streams by producers: append to them, and look at their ends. */
export class Appender {
  readonly #parts: OutsideParts;
  readonly #calls: OutsideCalls;

  constructor(parts: OutsideParts) {
    this.#parts = parts;
    this.#calls = new OutsideCalls(parts);
  }

  /**
   * Appends one entry. With an idempotency key it is tried again while the server is away, for twice the command
   * timeout; without one nobody could tell whether it ran, so the loss is reported.
   */
  async append(request: AppendRequest): Promise<AppendAnswer> {
    checkEntry(this.#parts.layout, request.stream, request.fields);
    const { idempotencyKey } = request;
    return idempotencyKey === undefined ? this.#appendAlways(request) : this.#appendOnce(request, idempotencyKey);
  }

  /** The ID of each stream's last existing entry, `0-0` where there is none. */
  tail(streams: readonly string[]): Promise<readonly EntryId[]> {
    return Promise.all(streams.map((stream) => this.#lastId(stream)));
  }

  async #appendAlways({ stream, fields }: AppendRequest): Promise<AppendAnswer> {
    const key = this.#parts.layout.stream(stream);
    const call = { stream, verb: 'append', isCommit: true, isRepeatable: false };
    const reply = await this.#calls.make(call, (link) => link.send(['XADD', key, '*', ...fields]));
    return { id: String(reply), isRepeat: false };
  }

  async #appendOnce({ stream, fields }: AppendRequest, idempotencyKey: string): Promise<AppendAnswer> {
    const { layout, settings, storeName } = this.#parts;
    const keys = [layout.stream(stream), layout.idempotency(stream)];
    const content = new Packer().array(fields.length).values(fields).finish();
    const args = [idempotencyKey, String(settings.idempotencyWindowMs), String(settings.idempotencyKeysMax), content];
    const call = { stream, verb: 'append', isCommit: true, isRepeatable: true };
    const reply = await this.#calls.make(call, (link) => runScript(link, APPEND_ONCE, keys, args));
    const [outcome, detail] = (reply as Buffer[]).map(String);
    if (outcome !== 'full') return { id: detail!, isRepeat: outcome === 'repeat' };
    throw new CommitError(
      `${storeName} refuses to append (stream '${stream}'): it remembers ${detail} idempotency keys, and idempotencyKeysMax allows no more`,
      { stream, reason: 'IDEMPOTENCY_FULL', keys: Number(detail) },
    );
  }

  async #lastId(stream: string): Promise<EntryId> {
    const command = ['XREVRANGE', this.#parts.layout.stream(stream), '+', '-', 'COUNT', '1'];
    const call = { stream, verb: 'look at the end', isRepeatable: true };
    const entries = await this.#calls.make(call, (link) => link.send(command));
    const [last] = entries as [id: Buffer, fields: Buffer[]][];
    return last === undefined ? '0-0' : String(last[0]);
  }
}
