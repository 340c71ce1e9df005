/**
 * Finds the end of the RESP2 or RESP3 value that starts at an offset, requests included, without decoding it
 * (https://redis.io/docs/latest/develop/reference/protocol-spec/). Answers -1 while the value is incomplete.
 */
function frameEnd(bytes: Buffer, offset: number): number {
  const lineEnd = bytes.indexOf('\r\n', offset);
  if (lineEnd < 0) return -1;
  const afterLine = lineEnd + 2;
  const length = Number(bytes.toString('latin1', offset + 1, lineEnd));
  switch (String.fromCharCode(bytes[offset]!)) {
    case '$':
    case '=':
    case '!': {
      const end = length < 0 ? afterLine : afterLine + length + 2;
      return end <= bytes.length ? end : -1;
    }
    case '*':
    case '~':
    case '>':
      return framesEnd(bytes, afterLine, length);
    case '%':
      return framesEnd(bytes, afterLine, 2 * length);
    case '|': // attributes precede the value they describe
      return framesEnd(bytes, afterLine, 2 * length + 1);
    default:
      return afterLine;
  }
}

function framesEnd(bytes: Buffer, start: number, count: number): number {
  let end = start;
  for (let index = 0; index < count && end >= 0; index += 1) end = end < bytes.length ? frameEnd(bytes, end) : -1;
  return end;
}

/** Cuts a byte stream into whole RESP values, keeping what is incomplete until more arrives. */
export class FrameSplitter {
  #rest: Buffer = Buffer.alloc(0);

  /** Takes the next chunk and answers the values that are complete now. */
  push(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frames: Buffer[] = [];
    let start = 0;
    while (start < bytes.length) {
      const end = frameEnd(bytes, start);
      if (end < 0) break;
      frames.push(bytes.subarray(start, end));
      start = end;
    }
    this.#rest = bytes.subarray(start);
    return frames;
  }
}
