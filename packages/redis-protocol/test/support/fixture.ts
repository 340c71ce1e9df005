import { randomBytes } from 'node:crypto';
import type { Commit, ConsumerAddress, ConsumerHome, StreamCursor, StreamStore, Token } from '@ars/core';
import { createRedisStore, type RedisConnection, type RedisDriver, type RedisReply } from '@ars/redis-protocol';
import { RawDriver, type RawDriverOptions } from './raw-driver.js';

/** 128 random bits, as owners and commits have them. */
export const token = (): string => randomBytes(16).toString('hex');

/** A hash tag that no other test uses, so that tests can share a server. */
export const freshTag = (): string => `t${randomBytes(6).toString('hex')}`;

/** The address of a consumer of one stream, whose name is `{tag}in` unless given. */
export function addressOf(tag: string, changes: Partial<ConsumerAddress> = {}): ConsumerAddress {
  const stream = changes.streams?.[0] ?? `{${tag}}in`;
  return {
    consumerId: 'c',
    home: tag,
    scope: stream,
    streams: [stream],
    readsHere: true,
    stateName: undefined,
    isKeyed: false,
    ...changes,
  };
}

/** An empty commit of one base, to change as a test needs. */
export function commitOf(base: string, changes: Partial<Commit> = {}): Commit {
  return {
    commitId: token(),
    base,
    cursors: [],
    state: undefined,
    publishes: [],
    attempt: undefined,
    suspect: undefined,
    ...changes,
  };
}

type MakeDriver = (url: string, options: RawDriverOptions) => RedisDriver;

let makeDriver: MakeDriver = (url, options) => new RawDriver(url, options);

/** Has the tests run on the drivers of an adapter, instead of on plain sockets. */
export function useDrivers(make: MakeDriver): void {
  makeDriver = make;
}

/** The driver that the tests run on. */
export function driverOf(url: string, options: RawDriverOptions = {}): RedisDriver {
  return makeDriver(url, options);
}

/** A store of that driver. */
export function rawStore(url: string, options: RawDriverOptions = {}): StreamStore {
  return createRedisStore(driverOf(url, options), { commandTimeoutMs: 3000, connectTimeoutMs: 3000 });
}

/** A home with its consumer claimed. */
export interface Claimed {
  readonly home: ConsumerHome;
  readonly token: Token;
  /** The base of the first commit. */
  readonly base: string;
}

/** Opens a home and claims its consumer, as a first owner does. */
export async function claim(
  store: StreamStore,
  address: ConsumerAddress,
  starts?: readonly StreamCursor[],
): Promise<Claimed> {
  const home = await store.openHome(address);
  const owner = token();
  const { record } = await home.inspect();
  const answer = await home.claim({
    expectedEpoch: record?.epoch ?? 0,
    ownEpoch: 0,
    owner,
    starts: starts ?? address.streams.map((stream) => ({ stream, position: '0-0', read: 0 })),
  });
  if (answer.outcome !== 'claimed') throw new Error('somebody else claimed');
  return { home, token: { owner, renewal: 0 }, base: answer.inspection.record!.commitId };
}

/** Sends plain commands, to set a scene and to look at it. */
export class Scene {
  readonly #connection: RedisConnection;

  private constructor(connection: RedisConnection) {
    this.#connection = connection;
  }

  static async open(url: string, options: RawDriverOptions = {}): Promise<Scene> {
    return new Scene(await new RawDriver(url, options).connect());
  }

  /** Sends one command; strings arrive as text. */
  async do(...args: (string | number | Uint8Array)[]): Promise<unknown> {
    return asText(await this.#connection.send(args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))));
  }

  /** Sends one command; strings arrive as bytes. */
  async raw(...args: (string | Uint8Array)[]): Promise<RedisReply> {
    return this.#connection.send(args);
  }

  /** A hash as a plain object. */
  async hash(key: string): Promise<Record<string, string>> {
    const flat = (await this.do('HGETALL', key)) as string[];
    return Object.fromEntries(flat.flatMap((field, i) => (i % 2 === 0 ? [[field, flat[i + 1]!]] : [])));
  }

  close(): void {
    this.#connection.close();
  }
}

function asText(reply: RedisReply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString();
  return Array.isArray(reply) ? reply.map(asText) : reply;
}
