import { connect, type Socket } from 'node:net';
import {
  ConnectionLostError,
  RedisReplyError,
  type RedisConnection,
  type RedisDriver,
  type RedisReply,
} from '@ars/redis-protocol';
import { ReplyReader } from './reply-reader.js';

/** Who and what a raw driver connects as. */
export interface RawDriverOptions {
  readonly user?: readonly [name: string, password: string];
  readonly keyPrefix?: string;
  readonly isCluster?: boolean;
  readonly parserCost?: RedisDriver['parserCost'];
}

/** A driver over plain sockets: what the protocol package needs, with nothing of a client library around it. */
export class RawDriver implements RedisDriver {
  readonly name: string;
  readonly keyPrefix: string;
  readonly isCluster: boolean;
  readonly parserCost: RedisDriver['parserCost'];
  readonly #url: URL;
  readonly #user: RawDriverOptions['user'];

  constructor(url: string, options: RawDriverOptions = {}) {
    this.#url = new URL(url);
    this.#user = options.user;
    this.name = `redis://${this.#url.host}/0`;
    this.keyPrefix = options.keyPrefix ?? '';
    this.isCluster = options.isCluster ?? false;
    this.parserCost = options.parserCost ?? 'high';
  }

  async connect(): Promise<RedisConnection> {
    const socket = connect({ host: this.#url.hostname, port: Number(this.#url.port || 6379), noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve).once('error', (error) => reject(new ConnectionLostError(error.message)));
    });
    const connection = new RawConnection(socket);
    const credentials = this.#user ?? (this.#url.password ? [this.#url.username || 'default', this.#url.password] : []);
    if (credentials.length > 0) await connection.send(['AUTH', ...credentials]);
    return connection;
  }

  async close(): Promise<void> {}
}

class RawConnection implements RedisConnection {
  readonly #socket: Socket;
  readonly #reader = new ReplyReader();
  readonly #waiting: { resolve: (reply: RedisReply) => void; reject: (error: Error) => void }[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {}); // 'close' follows
    socket.on('data', (chunk: Buffer) => this.#reader.push(chunk, (reply) => this.#settle(reply)));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.splice(0)) reject(new ConnectionLostError('socket closed'));
    });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  send(args: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new ConnectionLostError('socket closed'));
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encode(args));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(reply: RedisReply | Error): void {
    const { resolve, reject } = this.#waiting.shift()!;
    if (reply instanceof Error) reject(new RedisReplyError(reply.message));
    else resolve(reply);
  }
}

function encode(args: readonly (string | Uint8Array)[]): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.from(arg as string);
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'));
  }
  return Buffer.concat(parts);
}
