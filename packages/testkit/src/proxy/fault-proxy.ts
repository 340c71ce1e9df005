import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { type Loss, type LinkFaults, ProxiedLink } from './proxied-link.js';

/** Tells whether a request, as its RESP bytes, is the one that is meant. */
export type RequestPredicate = (request: Buffer) => boolean;

/** A TCP proxy in front of a Redis server, which breaks the link in the ways that a network does. */
export interface FaultProxy extends AsyncDisposable {
  /** The port to connect to instead of the server's. */
  readonly port: number;
  /** The address to connect to instead of the server's, such as `redis://127.0.0.1:40123`. */
  readonly url: string;
  /** How many connections are open now. */
  readonly connections: number;
  /** How many connections were ever accepted. */
  readonly accepted: number;
  /**
   * Lets the next request that matches (default: any) reach the server, and destroys both sockets when the server
   * replies to it: the server ran the command, the client never learns. Replies to requests sent before it still arrive.
   * Resolves when that has happened. Several calls add up, one request each.
   */
  loseNextReply(matches?: RequestPredicate): Promise<void>;
  /** Destroys every open connection at once, both sides; new ones are accepted. */
  cutAll(): void;
  /**
   * While on, sockets stay open and requests reach the server, but its replies vanish. A connection that lost a reply
   * stays mute for ever, so that no client can take a later reply for the lost one; others work again when it is off.
   */
  blackhole(isOn: boolean): void;
  /** Delays every reply from now on by so many milliseconds, in order; 0 ends it. */
  delay(delayMs: number): void;
  /** Connects new connections to this port from now on, as after a failover, and cuts those that are open. */
  retarget(port: number): void;
  /** Destroys every connection and stops listening. Calling it twice does nothing. */
  close(): Promise<void>;
}

/**
 * Starts a proxy on 127.0.0.1 in front of the Redis server at a port. It knows where requests and replies end, and
 * nothing else of the protocol.
 */
export async function startFaultProxy(port: number, host = '127.0.0.1'): Promise<FaultProxy> {
  const proxy = new TcpProxy(port, host);
  await proxy.listen();
  return proxy;
}

class TcpProxy implements FaultProxy {
  readonly #server: Server;
  readonly #host: string;
  readonly #links = new Set<ProxiedLink>();
  readonly #losses: Loss[] = [];
  readonly #faults: LinkFaults;
  #targetPort: number;
  #isBlackhole = false;
  #delayMs = 0;
  #accepted = 0;

  constructor(port: number, host: string) {
    this.#targetPort = port;
    this.#host = host;
    this.#faults = {
      takeLoss: (request) => {
        const index = this.#losses.findIndex(({ matches }) => matches(request));
        return index < 0 ? undefined : this.#losses.splice(index, 1)[0];
      },
      isBlackhole: () => this.#isBlackhole,
      delayMs: () => this.#delayMs,
    };
    this.#server = createServer({ noDelay: true }, (client) => {
      this.#accepted += 1;
      const upstream = connect({ port: this.#targetPort, host: this.#host, noDelay: true });
      const link = new ProxiedLink(client, upstream, this.#faults);
      this.#links.add(link);
      client.once('close', () => this.#links.delete(link));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get connections(): number {
    return this.#links.size;
  }

  get accepted(): number {
    return this.#accepted;
  }

  loseNextReply(matches: RequestPredicate = () => true): Promise<void> {
    return new Promise((done) => this.#losses.push({ matches, done }));
  }

  cutAll(): void {
    for (const link of this.#links) link.destroy();
  }

  blackhole(isOn: boolean): void {
    this.#isBlackhole = isOn;
  }

  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  retarget(port: number): void {
    this.#targetPort = port;
    this.cutAll();
  }

  async close(): Promise<void> {
    this.cutAll();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
