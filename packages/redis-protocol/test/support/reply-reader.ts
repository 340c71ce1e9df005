import type { RedisReply } from '@ars/redis-protocol';

type Parsed = { value: RedisReply | Error; end: number } | undefined;

/** Cuts a byte stream into RESP2 replies, with strings as bytes. */
export class ReplyReader {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer, onReply: (reply: RedisReply | Error) => void): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    for (;;) {
      const parsed = parse(this.#rest, at);
      if (parsed === undefined) break;
      onReply(parsed.value);
      at = parsed.end;
    }
    this.#rest = this.#rest.subarray(at);
  }
}

function parse(bytes: Buffer, at: number): Parsed {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString('utf8', at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[at]!)) {
    case '-':
      return { value: new Error(line), end };
    case ':':
      return { value: Number(line), end };
    case '$':
      return parseBulk(bytes, end, Number(line));
    case '*':
      return parseArray(bytes, end, Number(line));
    default:
      return { value: Buffer.from(line), end };
  }
}

function parseBulk(bytes: Buffer, at: number, length: number): Parsed {
  if (length < 0) return { value: null, end: at };
  if (bytes.length < at + length + 2) return undefined;
  return { value: Buffer.from(bytes.subarray(at, at + length)), end: at + length + 2 };
}

function parseArray(bytes: Buffer, at: number, count: number): Parsed {
  if (count < 0) return { value: null, end: at };
  const values: RedisReply[] = [];
  let end = at;
  for (let i = 0; i < count; i += 1) {
    const element = parse(bytes, end);
    if (element === undefined) return undefined;
    values.push(element.value as RedisReply);
    end = element.end;
  }
  return { value: values, end };
}
