import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/** A file of JSON lines that only grows. A line is in it whole or, after a crash in the middle of writing it, not at all. */
export class Journal<T> {
  readonly #file: number;
  #bytes: number;

  constructor(path: string, replay: (line: T) => void) {
    this.#file = openSync(path, 'a+');
    const text = readFileSync(path);
    this.#bytes = text.lastIndexOf('\n') + 1;
    ftruncateSync(this.#file, this.#bytes);
    for (const line of text.toString('utf8', 0, this.#bytes).split('\n')) {
      if (line !== '') replay(JSON.parse(line, revive) as T);
    }
  }

  /** Writes a line and waits until the disk has it. Throws, with the file as it was, when it cannot. */
  write(line: T): void {
    const bytes = Buffer.from(`${JSON.stringify(line, replace)}\n`);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
      fsyncSync(this.#file);
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    this.#bytes += bytes.length;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Bytes that are not text, as base64; a Map, as its entries. */
function replace(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;
}

function revive(_: string, value: unknown): unknown {
  const { base64 } = (value ?? {}) as { base64?: unknown };
  return typeof base64 === 'string' ? new Uint8Array(Buffer.from(base64, 'base64')) : value;
}
