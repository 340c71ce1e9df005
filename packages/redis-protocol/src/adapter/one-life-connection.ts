import { ConnectionLostError, RedisReplyError, type RedisConnection, type RedisReply } from '../driver.js';
import { withinTime } from '../within-time.js';

/**
 * A client of some library that was made for the life of one socket: it must neither reconnect nor keep or resend
 * commands, and its replies must have the shape of RESP2, as bytes. What it throws may be anything.
 */
export interface OneLifeClient {
  /** Connects; resolves when the whole handshake is answered. */
  connect(): Promise<void>;
  send(args: readonly (string | Buffer)[]): Promise<RedisReply>;
  /** Whether the socket is alive, once connected; false as soon as the library has seen it end. */
  readonly isOpen: boolean;
  /** Ends the socket at once, in whatever state it is. Calling it twice does nothing. */
  destroy(): void;
  /** The server's own text, if what was thrown is an error that the server answered. */
  replyOf(thrown: unknown): string | undefined;
  /** The first error that the library reported as an event; it often knows more than what is thrown. */
  readonly trouble: Error | undefined;
}

/**
 * Makes the connection of a client, within `timeoutMs`; on a cluster it belongs to `node`. Rejects as
 * `RedisDriver.connect` does; then the client is destroyed.
 */
export async function connectClient(client: OneLifeClient, timeoutMs: number, node?: string): Promise<RedisConnection> {
  try {
    await withinTime(client.connect(), timeoutMs, 'connection');
    if (client.trouble !== undefined) throw client.trouble;
    return new OneLifeConnection(client, node);
  } catch (error) {
    client.destroy();
    throw translate(error, client);
  }
}

class OneLifeConnection implements RedisConnection {
  readonly node: string | undefined;
  readonly #client: OneLifeClient;

  constructor(client: OneLifeClient, node: string | undefined) {
    this.node = node;
    this.#client = client;
  }

  get isOpen(): boolean {
    return this.#client.isOpen;
  }

  async send(args: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    try {
      return await this.#client.send(args.map(asArgument));
    } catch (error) {
      throw translate(error, this.#client);
    }
  }

  close(): void {
    this.#client.destroy();
  }
}

/** Client libraries take bytes as `Buffer` only. */
function asArgument(argument: string | Uint8Array): string | Buffer {
  if (typeof argument === 'string' || Buffer.isBuffer(argument)) return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

/** The errors of libraries may carry commands with their arguments, so only what is safe to show is taken from them. */
function translate(thrown: unknown, client: OneLifeClient): Error {
  if (thrown instanceof ConnectionLostError) return thrown;
  const reply = client.replyOf(thrown) ?? client.replyOf(client.trouble);
  if (reply !== undefined) return new RedisReplyError(reply);
  if (client.trouble instanceof ConnectionLostError) return client.trouble;
  const { code, message } = (client.trouble ?? thrown) as NodeJS.ErrnoException;
  return new ConnectionLostError(typeof code === 'string' ? message || code : 'the connection was closed');
}
