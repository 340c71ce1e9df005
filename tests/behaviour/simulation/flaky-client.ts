import {
  type ConsumerAddress,
  type ConsumerHome,
  type StreamReader,
  type StreamStore,
  StoreUnavailableError,
} from '@ars/core';
import type { Dice } from './dice.js';
import type { VirtualClock } from './virtual-clock.js';

/** How bad the way to the server is. */
export interface Weather {
  /** Longest way of a request or of an answer. */
  readonly delayMsMax: number;
  /** Share of requests, and of answers, that are lost with their connection. */
  readonly loss: number;
}

/**
 * One process's way to the server. Requests and answers take their time; either can be lost; and a request that is on
 * its way arrives, even when the connection it was sent on, or the process that sent it, is long gone.
 */
export class FlakyClient implements StreamStore {
  readonly name = 'simulated';
  readonly durability = [];
  weather: Weather;
  readonly #server: StreamStore;
  readonly #clock: VirtualClock;
  readonly #dice: Dice;
  readonly #waiting = new Set<() => void>();
  #isCrashed = false;

  constructor(server: StreamStore, clock: VirtualClock, dice: Dice, weather: Weather) {
    this.#server = server;
    this.#clock = clock;
    this.#dice = dice;
    this.weather = weather;
  }

  async openReader(): Promise<StreamReader> {
    const reader = await this.#send(() => this.#server.openReader());
    return {
      history: reader.history,
      locate: (stream, start) => this.#send(() => reader.locate(stream, start)),
      read: (request) => this.#send(() => reader.read(request)),
      close: () => reader.close(),
    };
  }

  /** The server keeps a home open when its client closes it, so that what was sent before still arrives. */
  async openHome(address: ConsumerAddress): Promise<ConsumerHome> {
    const home = await this.#send(() => this.#server.openHome(address));
    let isClosed = false;
    const send = <T>(call: () => Promise<T>): Promise<T> => (isClosed ? Promise.reject(lost()) : this.#send(call));
    return {
      history: home.history,
      inspect: () => send(() => home.inspect()),
      claim: (request) => send(() => home.claim(request)),
      renew: (token) => send(() => home.renew(token)),
      commit: (token, commit) => send(() => home.commit(token, commit)),
      release: (token) => send(() => home.release(token)),
      glance: () => send(() => home.glance()),
      persist: (token, level) => send(() => home.persist(token, level)),
      load: (token, keys) => send(() => home.load(token, keys)),
      scan: (from, count) => send(() => home.scan(from, count)),
      close: () => {
        isClosed = true;
      },
    };
  }

  append: StreamStore['append'] = (request) => this.#send(() => this.#server.append(request));
  tail: StreamStore['tail'] = (streams) => this.#send(() => this.#server.tail(streams));
  trim: StreamStore['trim'] = (stream, retention) => this.#send(() => this.#server.trim(stream, retention));
  consumers: StreamStore['consumers'] = (stream) => this.#send(() => this.#server.consumers(stream));
  register: StreamStore['register'] = (address, cursors) => this.#send(() => this.#server.register(address, cursors));
  unregister: StreamStore['unregister'] = (address) => this.#send(() => this.#server.unregister(address));
  move: StreamStore['move'] = (request) => this.#send(() => this.#server.move(request));
  audit: StreamStore['audit'] = () => this.#send(() => this.#server.audit());
  placementProblem = (): undefined => undefined;
  close = (): Promise<void> => Promise.resolve();

  /** Every answer that is awaited is lost. */
  cut(): void {
    for (const lose of this.#waiting) lose();
  }

  /** Nothing is ever answered again: the process is as good as dead, but what it sent arrives. */
  crash(): void {
    this.#isCrashed = true;
  }

  #send<T>(call: () => Promise<T>): Promise<T> {
    if (this.#isCrashed) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void): void => {
        this.#waiting.delete(lose);
        if (!this.#isCrashed) finish();
      };
      const lose = (): void => settle(() => reject(lost()));
      this.#waiting.add(lose);
      this.#travel(lose, () => {
        call().then(
          (answer) => this.#travel(lose, () => settle(() => resolve(answer))),
          (error: unknown) => this.#travel(lose, () => settle(() => reject(error as Error))),
        );
      });
    });
  }

  #travel(lose: () => void, arrive: () => void): void {
    const isLost = this.#dice.chance(this.weather.loss);
    this.#clock.after(this.#dice.below(this.weather.delayMsMax + 1), isLost ? lose : arrive);
  }
}

function lost(): StoreUnavailableError {
  return new StoreUnavailableError('simulated: the connection is lost', { ran: 'unknown' });
}
