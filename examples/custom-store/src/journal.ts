import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeFileSync } from 'node:fs';

/** A file of JSON lines that only grows. A line is in it whole or, after a crash in the middle of writing, not at all. */
export class Journal<Line> {
  readonly #file: number;
  #bytes: number;

  constructor(path: string, replay: (line: Line) => void) {
    this.#file = openSync(path, 'a+');
    const content = readFileSync(path);
    this.#bytes = content.lastIndexOf('\n') + 1;
    ftruncateSync(this.#file, this.#bytes);
    const lines = content.toString('utf8', 0, this.#bytes).split('\n').slice(0, -1);
    for (const line of lines) replay(JSON.parse(line, revive) as Line);
  }

  /** Writes a line and waits until the disk has it. Throws, with the file as it was, when it cannot. */
  write(line: Line): void {
    const text = `${JSON.stringify(line, replace)}\n`;
    try {
      writeFileSync(this.#file, text);
      fdatasyncSync(this.#file);
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
    this.#bytes += Buffer.byteLength(text);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Bytes that are not text go as base64. */
const replace = (_: string, value: unknown): unknown =>
  value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value;

const revive = (_: string, value: { base64?: string } | null): unknown =>
  typeof value?.base64 === 'string' ? new Uint8Array(Buffer.from(value.base64, 'base64')) : value;
