import type { Socket } from 'node:net';
import { FrameSplitter } from './frame-splitter.js';

/** The reply to one request, which is to be lost. */
export interface Loss {
  readonly matches: (request: Buffer) => boolean;
  readonly done: () => void;
}

/** What a link asks its proxy with each request and reply. */
export interface LinkFaults {
  /** Takes the loss that was ordered for this request, if there is one. */
  takeLoss(request: Buffer): Loss | undefined;
  isBlackhole(): boolean;
  delayMs(): number;
}

/** RESP3 pushes answer no request. */
const PUSH = '>'.charCodeAt(0);

/** One client's connection and its twin to the server. Requests and replies are paired by order, as RESP has them. */
export class ProxiedLink {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #faults: LinkFaults;
  readonly #unanswered: (Loss | undefined)[] = [];
  readonly #delayed: (() => void)[] = [];
  #isMute = false;
  #lastDueMs = 0;

  constructor(client: Socket, upstream: Socket, faults: LinkFaults) {
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

  /** Destroys both sockets. */
  destroy(): void {
    this.#client.destroy();
    this.#upstream.destroy();
  }

  #forward(request: Buffer): void {
    this.#unanswered.push(this.#faults.takeLoss(request));
    this.#upstream.write(request);
  }

  #answer(reply: Buffer): void {
    const loss = reply[0] === PUSH ? undefined : this.#unanswered.shift();
    this.#isMute ||= this.#faults.isBlackhole();
    const now = Date.now();
    this.#lastDueMs = Math.max(this.#lastDueMs, now + this.#faults.delayMs());
    if (this.#lastDueMs === now && this.#delayed.length === 0) {
      this.#deliver(reply, loss);
      return;
    }
    this.#delayed.push(() => this.#deliver(reply, loss));
    setTimeout(() => this.#delayed.shift()?.(), this.#lastDueMs - now); // whichever timer fires, the oldest reply goes
  }

  #deliver(reply: Buffer, loss: Loss | undefined): void {
    if (loss !== undefined) {
      this.destroy();
      loss.done();
    } else if (!this.#isMute && !this.#client.destroyed) this.#client.write(reply);
  }
}
