import {
  ConfigurationError,
  previousId,
  StoreUnavailableError,
  type ReadRequest,
  type StartPoint,
  type StreamCursor,
  type StreamRead,
  type StreamReader,
} from '@ars/core';
import type { RedisDriver, RedisReply } from '../driver.js';
import { failureOf } from '../failure.js';
import type { KeyLayout } from '../key-layout.js';
import type { Link } from '../link/link.js';
import { runScript } from '../script.js';
import { LOCATE } from '../scripts/locate.js';
import { ReadSession } from './read-session.js';
import type { ReaderLink } from './reader-link.js';

/** What a reader is made of. */
export interface ReaderParts {
  readonly link: ReaderLink;
  readonly layout: KeyLayout;
  readonly storeName: string;
  readonly parserCost: RedisDriver['parserCost'];
  readonly onClose: (reader: StreamReader) => void;
}

/** Reads streams for one consumer, on a connection of its own. */
export class RedisReader implements StreamReader {
  readonly #parts: ReaderParts;
  readonly #session: ReadSession;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
    this.#session = new ReadSession(parts.layout, parts.parserCost);
  }

  get history(): string | undefined {
    return this.#parts.link.history;
  }

  async locate(stream: string, start: StartPoint): Promise<StreamCursor> {
    const key = this.#parts.layout.stream(stream);
    const reply = await this.#use(`find the start of '${stream}'`, [stream], (link) =>
      runScript(link, LOCATE, [key], startArguments(start)),
    );
    const [outcome, position, read] = (reply as Buffer[]).map(String);
    if (outcome === 'located') return { stream, position: position!, read: Number(read) };
    const asked = (start as { fromId: string }).fromId;
    throw new ConfigurationError(`startFrom: ${asked} lies beyond the last ID of '${stream}', ${position}`, {
      stream,
      asked,
      lastId: position,
    });
  }

  async read(request: ReadRequest): Promise<readonly StreamRead[]> {
    if (request.cursors.length === 0) return [];
    const streams = request.cursors.map(({ stream }) => stream);
    return this.#use('read', streams, (link) => this.#session.read(link, request));
  }

  close(): void {
    this.#parts.link.close();
    this.#parts.onClose(this);
  }

  async #use<T extends RedisReply | readonly StreamRead[]>(
    verb: string,
    streams: readonly string[],
    work: (link: Link) => Promise<T>,
  ): Promise<T> {
    const { link, storeName } = this.#parts;
    try {
      return await work(await link.forStreams(streams));
    } catch (error) {
      if (link.isClosed)
        throw new StoreUnavailableError(`${storeName}: the reader is closed`, { reason: 'CLOSED', ran: false });
      throw failureOf(error, { store: storeName, verb, stream: streams.length === 1 ? streams[0] : undefined });
    }
  }
}

function startArguments(start: StartPoint): string[] {
  return typeof start === 'string' ? [start] : ['after', previousId(start.fromId), start.fromId];
}
