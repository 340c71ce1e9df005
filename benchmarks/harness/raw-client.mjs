import { connect } from 'node:net';

/**
 * The least that speaks to Redis: RESP2 over a socket, calls answered in order. It serves the harness, and it is the
 * client of the raw-socket contender, so it parses a whole reply in one go, without a promise or a callback an element.
 */
export class RawClient {
  #socket;
  #waiting = [];
  #first = 0;
  #received = [];
  #receivedBytes = 0;
  /** No use trying to parse again before so many bytes have come; only a guess, the size of the last large reply. */
  #wanted = 0;

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
  }

  /** Connects to `redis://host:port`. */
  static connect(url) {
    const { hostname, port } = new URL(url);
    return new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new RawClient(socket));
      });
    });
  }

  /** Sends one command of strings; rejects when the server answers with an error. */
  call(...args) {
    return this.send(encode(args));
  }

  /** Sends a command that is encoded already. */
  send(encoded) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encoded);
    });
  }

  close() {
    this.#socket.destroy();
  }

  #take(chunk) {
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes < this.#wanted && this.#received.length < 3 && chunk.length === 65_536) return;
    const bytes = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    const parser = new Parser(bytes);
    let rest = 0;
    for (let reply = parser.next(); reply !== INCOMPLETE; reply = parser.next()) {
      this.#wanted = parser.at - rest;
      rest = parser.at;
      this.#answer(reply);
    }
    this.#received = rest === bytes.length ? [] : [bytes.subarray(rest)];
    this.#receivedBytes = bytes.length - rest;
  }

  #answer(reply) {
    const { resolve, reject } = this.#waiting[this.#first];
    this.#first += 1;
    if (this.#first > 1_000) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    if (reply instanceof Error) reject(reply);
    else resolve(reply);
  }

  #fail(error) {
    const pending = this.#waiting.splice(this.#first);
    for (const { reject } of pending) reject(error);
  }
}

/** Encodes a command of strings. */
export function encode(args) {
  let text = `*${args.length}\r\n`;
  for (const arg of args) text += `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`;
  return text;
}

const INCOMPLETE = Symbol('incomplete');

class Parser {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  /** The next whole reply; when it is not all there, nothing is taken. */
  next() {
    const start = this.at;
    const reply = this.#value();
    if (reply === INCOMPLETE) this.at = start;
    return reply;
  }

  #value() {
    const { bytes } = this;
    if (this.at >= bytes.length) return INCOMPLETE;
    const kind = bytes[this.at];
    const start = this.at + 1;
    if (kind === 0x24) return this.#bulk(start);
    if (kind === 0x2a) return this.#array(start);
    const end = bytes.indexOf('\r\n', start);
    if (end < 0) return INCOMPLETE;
    this.at = end + 2;
    const text = bytes.latin1Slice(start, end);
    if (kind === 0x3a) return Number(text);
    return kind === 0x2d ? new Error(text) : text;
  }

  #bulk(start) {
    const length = this.#length(start);
    if (length === INCOMPLETE || length < 0) return length === INCOMPLETE ? INCOMPLETE : null;
    const from = this.at;
    if (from + length + 2 > this.bytes.length) return INCOMPLETE;
    this.at = from + length + 2;
    return this.bytes.utf8Slice(from, from + length);
  }

  #array(start) {
    const length = this.#length(start);
    if (length === INCOMPLETE || length < 0) return length === INCOMPLETE ? INCOMPLETE : null;
    const values = [];
    for (let index = 0; index < length; index += 1) {
      const value = this.#value();
      if (value === INCOMPLETE) return INCOMPLETE;
      values.push(value);
    }
    return values;
  }

  #length(start) {
    const { bytes } = this;
    let value = 0;
    let at = start;
    const isNegative = bytes[at] === 0x2d;
    if (isNegative) at += 1;
    for (; at + 1 < bytes.length; at += 1) {
      const code = bytes[at];
      if (code === 0x0d) {
        this.at = at + 2;
        return isNegative ? -value : value;
      }
      value = value * 10 + code - 0x30;
    }
    return INCOMPLETE;
  }
}
