import { CommitError, isArsError, type AppendAnswer, type AppendRequest, type EntryId } from '@ars/core';
import type { RedisReply } from '../driver.js';
import { failureOf } from '../failure.js';
import type { KeyLayout } from '../key-layout.js';
import type { Link } from '../link/link.js';
import type { StoreSettings } from '../options.js';
import { Packer } from '../packing/pack.js';
import { runScript } from '../script.js';
import { APPEND_ONCE } from '../scripts/append.js';
import type { ControlLinks } from './control-links.js';

const RETRY_DELAY_MS = 50;

/** The server refused because the key is served elsewhere, or will be: nothing ran, and another connection may do. */
const ELSEWHERE = new Set<unknown>(['ASK', 'MOVED', 'READONLY', 'TRYAGAIN']);
/** The server is away, or on its way back. */
const AWAY = new Set<unknown>(['BUSY', 'CLUSTERDOWN', 'CONNECTION', 'LOADING', 'MASTERDOWN', 'TIMEOUT']);

/** What an appender is made of. */
export interface AppenderParts {
  readonly links: ControlLinks;
  readonly layout: KeyLayout;
  readonly settings: StoreSettings;
  readonly storeName: string;
}

/** What is done to streams from outside consumers: append to them, and look at their ends. */
export class Appender {
  readonly #parts: AppenderParts;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  /**
   * Appends one entry. With an idempotency key it is tried again while the server is away, for twice the command
   * timeout; without one nobody could tell whether it ran, so the loss is reported.
   */
  async append(request: AppendRequest): Promise<AppendAnswer> {
    this.#refuseContent(request);
    const { idempotencyKey } = request;
    if (idempotencyKey === undefined) return this.#persist(false, () => this.#appendAlways(request));
    return this.#persist(true, () => this.#appendOnce(request, idempotencyKey));
  }

  /** The ID of each stream's last existing entry, `0-0` where there is none. */
  tail(streams: readonly string[]): Promise<readonly EntryId[]> {
    return Promise.all(streams.map((stream) => this.#persist(true, () => this.#lastId(stream))));
  }

  /** Tries again where that is safe: always when the server is elsewhere, and when it is away if repeating changes nothing. */
  async #persist<T>(isRepeatable: boolean, work: () => Promise<T>): Promise<T> {
    const giveUpAt = performance.now() + 2 * this.#parts.settings.commandTimeoutMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const reason = isArsError(error, 'ARS_STORE_UNAVAILABLE') ? error.details['reason'] : undefined;
        const isSafe = ELSEWHERE.has(reason) || (isRepeatable && AWAY.has(reason));
        if (!isSafe || performance.now() + RETRY_DELAY_MS > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      }
    }
  }

  async #appendAlways({ stream, fields }: AppendRequest): Promise<AppendAnswer> {
    const key = this.#parts.layout.stream(stream);
    const reply = await this.#use(stream, 'append', true, (link) => link.send(['XADD', key, '*', ...fields]));
    return { id: String(reply), isRepeat: false };
  }

  async #appendOnce({ stream, fields }: AppendRequest, idempotencyKey: string): Promise<AppendAnswer> {
    const { layout, settings, storeName } = this.#parts;
    const keys = [layout.stream(stream), layout.idempotency(stream)];
    const content = new Packer().array(fields.length).values(fields).finish();
    const args = [idempotencyKey, String(settings.idempotencyWindowMs), String(settings.idempotencyKeysMax), content];
    const reply = await this.#use(stream, 'append', true, (link) => runScript(link, APPEND_ONCE, keys, args));
    const [outcome, detail] = (reply as Buffer[]).map(String);
    if (outcome !== 'full') return { id: detail!, isRepeat: outcome === 'repeat' };
    throw new CommitError(
      `${storeName} refuses to append (stream '${stream}'): it remembers ${detail} idempotency keys, and idempotencyKeysMax allows no more`,
      { stream, reason: 'IDEMPOTENCY_FULL', keys: Number(detail) },
    );
  }

  async #lastId(stream: string): Promise<EntryId> {
    const key = this.#parts.layout.stream(stream);
    const command = ['XREVRANGE', key, '+', '-', 'COUNT', '1'];
    const entries = await this.#use(stream, 'look at the end', false, (link) => link.send(command));
    const [last] = entries as [id: Buffer, fields: Buffer[]][];
    return last === undefined ? '0-0' : String(last[0]);
  }

  async #use(
    stream: string,
    verb: string,
    isCommit: boolean,
    work: (link: Link) => Promise<RedisReply>,
  ): Promise<RedisReply> {
    const { links, layout, storeName } = this.#parts;
    const key = layout.stream(stream);
    const link = await links.linkFor(key);
    try {
      return await work(link);
    } catch (error) {
      const failure = failureOf(error, { store: storeName, verb, stream, isCommit });
      if (isArsError(failure) && ELSEWHERE.has(failure.details['reason'])) links.forget(key);
      throw failure;
    }
  }

  #refuseContent({ stream, fields }: AppendRequest): void {
    const { layout } = this.#parts;
    if (layout.isReserved(stream))
      throw new CommitError(`'${stream}' is no stream of yours: names that begin with 'ars:{' are the library's`, {
        stream,
        reason: 'RESERVED',
      });
    if (fields.length === 0 || fields.length % 2 === 1)
      throw new TypeError('an entry takes names and values in pairs, at least one');
  }
}
