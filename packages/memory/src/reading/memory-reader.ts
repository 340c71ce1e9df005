import type { ReadRequest, StartPoint, StreamCursor, StreamRead, StreamReader } from '@ars/core';
import type { Database } from '../store/database.js';
import type { Link } from '../store/links.js';
import { hasNews, locateStart, readStreams } from '../streams/stream-reads.js';
import type { After, NewsWait } from './stream-news.js';

/** Reads the streams of a memory store. It sees one database for as long as it lives, and fails once that is gone. */
export class MemoryReader implements StreamReader {
  readonly history: string;
  readonly #database: Database;
  readonly #link: Link;
  readonly #after: After;

  constructor(database: Database, link: Link, after: After) {
    this.history = database.history;
    this.#database = database;
    this.#link = link;
    this.#after = after;
  }

  async locate(stream: string, start: StartPoint): Promise<StreamCursor> {
    this.#link.check();
    return locateStart(this.#database.streams.get(stream), stream, start);
  }

  async read(request: ReadRequest): Promise<readonly StreamRead[]> {
    this.#link.check();
    const reads = readStreams(this.#database.streams, request);
    return request.waitMs > 0 && !reads.some(hasNews) ? this.#readNews(request) : reads;
  }

  close(): void {
    this.#link.cut('the reader was closed');
  }

  /** Looks again after each change of one of the streams; waiting goes on while there is nothing to tell. */
  async #readNews(request: ReadRequest): Promise<readonly StreamRead[]> {
    const wait = this.#wait(request);
    try {
      for (;;) {
        await wait.next();
        this.#link.check();
        const reads = readStreams(this.#database.streams, request);
        if (wait.isOver || reads.some(hasNews)) return reads;
      }
    } finally {
      wait.end();
      this.#link.onCut = undefined;
    }
  }

  #wait({ cursors, waitMs }: ReadRequest): NewsWait {
    const streams = cursors.map(({ stream }) => stream);
    const wait = this.#database.news.wait(streams, waitMs, this.#after);
    this.#link.onCut = () => wait.end();
    return wait;
  }
}
