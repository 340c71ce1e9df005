import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { FrameSplitter } from './resp.js';

/** Tells whether a request (its RESP bytes) is the one meant. */
export type RequestPredicate = (request: Buffer) => boolean;

/** Matches requests that contain every one of `markers`, such as `'EVALSHA'` and the ID of a consumer. */
export function requestContains(...markers: string[]): RequestPredicate {
  return (request) => markers.every((marker) => request.includes(marker));
}

/** Starts a proxy on 127.0.0.1 in front of a server, ready to break the link in the ways a network does. */
export async function startProxy(targetPort: number, targetHost = '127.0.0.1'): Promise<FaultProxy> {
  const proxy = new FaultProxy({ port: targetPort, host: targetHost });
  await proxy.listen();
  return proxy;
}

interface Loss {
  readonly matches: RequestPredicate;
  readonly done: () => void;
}

/** A TCP proxy that understands where requests and replies end, and nothing else. */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #links = new Set<Link>();
  readonly #losses: Loss[] = [];
  #target: { readonly port: number; readonly host: string };
  #isBlackhole = false;
  #isDoubled: RequestPredicate = () => false;
  #delayMs = 0;
  #accepted = 0;
  #duplicates = 0;

  constructor(target: { port: number; host: string }) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => {
      this.#accepted += 1;
      const upstream = connect({ ...this.#target, noDelay: true });
      const link = new Link(client, upstream, this.#faults);
      this.#links.add(link);
      client.once('close', () => this.#links.delete(link));
    });
  }

  readonly #faults: Faults = {
    takeLoss: (request) => {
      const index = this.#losses.findIndex(({ matches }) => matches(request));
      return index < 0 ? undefined : this.#losses.splice(index, 1)[0];
    },
    isBlackhole: () => this.#isBlackhole,
    delayMs: () => this.#delayMs,
    sendCopy: (request) => (this.#isDoubled(request) ? this.#sendCopy(request) : undefined),
  };

  /** Resolves when the server has answered, or is gone. */
  #sendCopy(request: Buffer): Promise<void> {
    this.#duplicates += 1;
    const socket = connect({ ...this.#target, noDelay: true });
    const replies = new FrameSplitter();
    socket.write(request);
    return new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => void (replies.push(chunk).length > 0 && socket.destroy()));
      socket.on('error', () => {}); // 'close' follows
      socket.on('close', () => resolve());
    });
  }

  /** The port to connect to instead of the server's. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The address to connect to instead of the server's. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** How many connections are open now. */
  get connections(): number {
    return this.#links.size;
  }

  /** How many connections were ever accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /**
   * Lets the next request that matches (default: any) reach the server, and destroys both sockets when the server replies to it:
   * the server ran the command, the client never learns. Replies to requests sent before it still arrive.
   * Resolves when that has happened. Several calls add up, one request each.
   */
  loseNextReply(predicate: RequestPredicate = () => true): Promise<void> {
    return new Promise((done) => this.#losses.push({ matches: predicate, done }));
  }

  /** Destroys every open connection at once, both sides; new ones are accepted. */
  cutAll(): void {
    for (const link of this.#links) link.destroy();
  }

  /**
   * While on, sockets stay open and requests reach the server, but its replies vanish. A connection that lost a reply stays mute
   * for ever, so that no client can take a later reply for the lost one; others work again after `blackhole(false)`.
   */
  blackhole(isOn: boolean): void {
    this.#isBlackhole = isOn;
  }

  /** Delays every reply from now on by `ms`, in order; 0 ends it. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /**
   * Sends every matching request to the server twice from now on: first a copy, on a connection of its own, and once that
   * is answered the request itself. So what the client hears of is the second arrival.
   */
  duplicate(predicate: RequestPredicate): void {
    this.#isDoubled = predicate;
  }

  /** How many requests were sent twice. */
  get duplicates(): number {
    return this.#duplicates;
  }

  /** Leads new connections to another server, as an address does after a failover, and destroys the open ones. */
  retarget(port: number, host = '127.0.0.1'): void {
    this.#target = { port, host };
    this.cutAll();
  }

  /** Destroys every connection and stops listening. */
  async close(): Promise<void> {
    this.cutAll();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Starts listening; `startProxy` has done so. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

interface Faults {
  takeLoss(request: Buffer): Loss | undefined;
  isBlackhole(): boolean;
  delayMs(): number;
  /** Sends the request over another connection, if it is to be doubled; resolves when it is answered. */
  sendCopy(request: Buffer): Promise<void> | undefined;
}

const PUSH = '>'.charCodeAt(0);

/** One client's connection and its twin to the server. Requests and replies are paired by order, as RESP has them. */
class Link {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #faults: Faults;
  readonly #unanswered: (Loss | undefined)[] = [];
  readonly #delayed: (() => void)[] = [];
  /** Pending while a copy of a request is under way; what comes later waits behind it. */
  #held: Promise<void> | undefined;
  #isMute = false;
  #lastDueMs = 0;

  constructor(client: Socket, upstream: Socket, faults: Faults) {
    this.#client = client;
    this.#upstream = upstream;
    this.#faults = faults;
    const requests = new FrameSplitter();
    const replies = new FrameSplitter();
    client.on('data', (chunk: Buffer) => requests.push(chunk).forEach((frame) => this.#forward(frame)));
    upstream.on('data', (chunk: Buffer) => replies.push(chunk).forEach((frame) => this.#answer(frame)));
    for (const socket of [client, upstream]) {
      socket.on('error', () => {}); // 'close' follows
      socket.on('close', () => this.destroy());
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #forward(request: Buffer): void {
    this.#unanswered.push(this.#faults.takeLoss(request));
    const copy = this.#held === undefined ? this.#faults.sendCopy(request) : undefined;
    if (copy === undefined && this.#held === undefined) return void this.#upstream.write(request);
    const held: Promise<void> = (this.#held ?? copy!).then(() => {
      if (this.#held === held) this.#held = undefined;
      if (!this.#upstream.destroyed) this.#upstream.write(request);
    });
    this.#held = held;
  }

  #answer(reply: Buffer): void {
    const loss = reply[0] === PUSH ? undefined : this.#unanswered.shift();
    this.#isMute ||= this.#faults.isBlackhole();
    const deliver = () => {
      if (loss) {
        this.destroy();
        loss.done();
      } else if (!this.#isMute && !this.#client.destroyed) this.#client.write(reply);
    };
    const now = Date.now();
    this.#lastDueMs = Math.max(this.#lastDueMs, now + this.#faults.delayMs());
    if (this.#lastDueMs === now && this.#delayed.length === 0) return deliver();
    this.#delayed.push(deliver);
    setTimeout(() => this.#delayed.shift()?.(), this.#lastDueMs - now); // whichever timer fires, the oldest reply goes
  }
}
