import { connect, type Socket } from 'node:net';

const CR = 13;

/** What a request may be made of. */
export type RespArgument = string | number | Buffer;

/** A decoded reply. Bulk strings arrive as text; an error reply is an `Error` value, also inside an array. */
export type RespReply = string | number | null | Error | RespReply[];

/** Encodes one request as an array of bulk strings. */
export function encodeRequest(args: readonly RespArgument[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}

/**
 * Finds the end of the RESP2 or RESP3 value that starts at `offset`, requests included, without decoding it.
 * Answers -1 while the value is incomplete.
 */
export function frameEnd(bytes: Buffer, offset: number): number {
  const lineEnd = bytes.indexOf('\r\n', offset);
  if (lineEnd < 0) return -1;
  const afterLine = lineEnd + 2;
  const length = () => Number(bytes.toString('latin1', offset + 1, lineEnd));
  switch (String.fromCharCode(bytes[offset]!)) {
    case '$':
    case '=':
    case '!': {
      const end = length() < 0 ? afterLine : afterLine + length() + 2;
      return end <= bytes.length ? end : -1;
    }
    case '*':
    case '~':
    case '>':
      return framesEnd(bytes, afterLine, length());
    case '%':
      return framesEnd(bytes, afterLine, 2 * length());
    case '|': // attributes precede the value they describe
      return framesEnd(bytes, afterLine, 2 * length() + 1);
    default:
      return afterLine;
  }
}

function framesEnd(bytes: Buffer, start: number, count: number): number {
  let end = start;
  for (let i = 0; i < count && end >= 0; i += 1) end = end < bytes.length ? frameEnd(bytes, end) : -1;
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

/** A raw RESP2 connection for tests: it resends nothing, reconnects never, and shows exactly what the socket saw. */
export class RespClient {
  readonly socket: Socket;
  readonly #splitter = new FrameSplitter();
  readonly #waiting: { resolve: (reply: RespReply) => void; reject: (error: Error) => void }[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#waiting.shift()?.resolve(decodeReply(frame));
    });
    socket.on('error', () => {}); // 'close' follows and rejects what is waiting
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
    });
  }

  /** Connects to 127.0.0.1; rejects when nobody listens there. */
  static async connect(port: number, host = '127.0.0.1'): Promise<RespClient> {
    const socket = connect({ port, host, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new RespClient(socket);
  }

  /** Sends one request and answers its reply; an error reply is answered as an `Error` value. Rejects when the link closes first. */
  send(...args: RespArgument[]): Promise<RespReply> {
    return new Promise((resolve, reject) => {
      if (this.socket.destroyed) return reject(new Error('connection closed'));
      this.#waiting.push({ resolve, reject });
      this.socket.write(encodeRequest(args));
    });
  }

  /** Closes the socket. */
  close(): void {
    this.socket.destroy();
  }
}

/** Sends one request over a connection of its own. Throws error replies. */
export async function request(port: number, ...args: RespArgument[]): Promise<RespReply> {
  const client = await RespClient.connect(port);
  try {
    const reply = await client.send(...args);
    if (reply instanceof Error) throw reply;
    return reply;
  } finally {
    client.close();
  }
}

function decodeReply(frame: Buffer): RespReply {
  return decodeAt(frame, 0).value;
}

function decodeAt(bytes: Buffer, offset: number): { value: RespReply; end: number } {
  const lineEnd = bytes.indexOf(CR, offset);
  const line = bytes.toString('utf8', offset + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[offset]!)) {
    case '+':
      return { value: line, end };
    case '-':
      return { value: new Error(line), end };
    case ':':
      return { value: Number(line), end };
    case '$': {
      const length = Number(line);
      if (length < 0) return { value: null, end };
      return { value: bytes.toString('utf8', end, end + length), end: end + length + 2 };
    }
    case '*':
      return decodeArray(bytes, end, Number(line));
    default:
      throw new Error(`not a RESP2 reply: ${bytes.toString('utf8', offset, lineEnd)}`);
  }
}

function decodeArray(bytes: Buffer, start: number, count: number): { value: RespReply; end: number } {
  if (count < 0) return { value: null, end: start };
  const values: RespReply[] = [];
  let end = start;
  for (let i = 0; i < count; i += 1) {
    const element = decodeAt(bytes, end);
    values.push(element.value);
    end = element.end;
  }
  return { value: values, end };
}
