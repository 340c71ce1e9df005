import { type ConsumerAddress, type EntryId, type StateChange, storedValueOf, systemEnvironment } from '@ars/core';
import type { StoreKit } from '../stores.js';
import { MemoryBackend } from './memory-backend.js';
import type { RedisBackend } from './redis-backend.js';

/** The stored state of one key, taken apart by code of its own. */
export interface StoredKey {
  readonly version: number;
  readonly expiresAt: number | undefined;
  readonly serializer: string;
  readonly payload: string;
}

/** What is stored for a consumer of `in`, all of one moment. */
export interface KeyedMoment {
  readonly keys: Readonly<Record<string, StoredKey>>;
  readonly position: EntryId | undefined;
}

/** The keys and the position of a consumer, read past the library. */
export async function keyedMoment(kit: StoreKit, consumerId = 'consumer'): Promise<KeyedMoment> {
  const stored = await (isMemory(kit) ? fromMemory(kit, consumerId) : fromRedis(kit, consumerId));
  const entries = [...stored.values].map(([key, value]) => [key, takenApart(value)] as const);
  return { keys: Object.fromEntries(entries), position: stored.position };
}

/** The stored states of all keys, parsed as JSON. */
export async function storedStates(kit: StoreKit, consumerId = 'consumer'): Promise<Record<string, unknown>> {
  const { keys } = await keyedMoment(kit, consumerId);
  return Object.fromEntries(Object.entries(keys).map(([key, { payload }]) => [key, JSON.parse(payload) as unknown]));
}

/** Everything stored for the keys, to be compared. */
export async function rawKeys(kit: StoreKit, consumerId = 'consumer'): Promise<Record<string, string>> {
  const { values } = await (isMemory(kit) ? fromMemory(kit, consumerId) : fromRedis(kit, consumerId));
  return Object.fromEntries([...values].map(([key, value]) => [key, Buffer.from(value as string).toString('hex')]));
}

/** Deletes all keys' states, as an eviction would. */
export async function evictKeys(kit: StoreKit, consumerId = 'consumer'): Promise<void> {
  if (isMemory(kit)) (kit.backend as MemoryBackend).memory.evict('state', consumerId);
  else await (kit.backend as RedisBackend).client.del(redisKey(kit, 'keyed', consumerId));
}

/** Overwrites what is stored for one key of a consumer that is not running. */
export async function writeKey(kit: StoreKit, key: string, bytes: string | Uint8Array): Promise<void> {
  if (!isMemory(kit)) {
    const value = typeof bytes === 'string' ? bytes : Buffer.from(bytes);
    await (kit.backend as RedisBackend).client.hset(redisKey(kit, 'keyed', 'consumer'), `a:${key}`, value);
    return;
  }
  const { memory } = kit.backend as MemoryBackend;
  const home = await memory.openHome(addressOf(kit, 'consumer'));
  const { record } = await home.inspect();
  const token = { owner: systemEnvironment.uniqueToken(), renewal: 0 };
  const { epoch, commitId: base } = record!;
  await home.claim({ expectedEpoch: epoch, ownEpoch: epoch, owner: token.owner, starts: [] });
  const state: StateChange = { header: undefined, set: [[key, bytes]], deleted: [] };
  const content = { cursors: [], publishes: [], attempt: undefined, suspect: undefined };
  await home.commit(token, { commitId: systemEnvironment.uniqueToken(), base, state, ...content });
  await home.release(token);
  home.close();
}

function isMemory(kit: StoreKit): boolean {
  return kit.backend instanceof MemoryBackend;
}

function addressOf(kit: StoreKit, consumerId: string): ConsumerAddress {
  const scope = kit.name('in');
  return { consumerId, home: kit.tag, scope, streams: [scope], readsHere: true, stateName: undefined, isKeyed: true };
}

type Raw = { readonly values: Map<string, string | Uint8Array>; readonly position: EntryId | undefined };

async function fromMemory(kit: StoreKit, consumerId: string): Promise<Raw> {
  const home = await (kit.backend as MemoryBackend).memory.openHome(addressOf(kit, consumerId));
  const scanning = home.scan(undefined, 1_000_000);
  const { record } = await home.inspect();
  const { states } = await scanning;
  home.close();
  return { values: new Map(states), position: record?.cursors[0]?.position };
}

async function fromRedis(kit: StoreKit, consumerId: string): Promise<Raw> {
  const { client } = kit.backend as RedisBackend;
  const transaction = client.multi();
  transaction.hgetallBuffer(redisKey(kit, 'keyed', consumerId));
  transaction.hget(redisKey(kit, 'consumer', consumerId), `position:${kit.name('in')}`);
  const [[, fields], [, position]] = (await transaction.exec()) as [
    [null, Record<string, Buffer>],
    [null, string | null],
  ];
  const values = new Map<string, string | Uint8Array>();
  for (const [name, value] of Object.entries(fields)) {
    if (name.startsWith('a:')) values.set(name.slice(2), storedValueOf(value));
  }
  return { values, position: position ?? undefined };
}

/** The layout of PROTOCOL P23, written down once more on purpose. */
function redisKey(kit: StoreKit, kind: 'keyed' | 'consumer', consumerId: string): string {
  const scope = kit.name('in').replace(/[:{}%]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
  return `ars:{${kit.tag}}:${kind}:${scope}:${consumerId}`;
}

function takenApart(stored: string | Uint8Array): StoredKey {
  const text = Buffer.from(stored as string).toString('latin1');
  const [, version, expiresAt, serializer] = /^(\d+),(\d*),([^,]*),/.exec(text)!;
  const start = `${version},${expiresAt},${serializer},`.length;
  return {
    version: Number(version),
    expiresAt: expiresAt === '' ? undefined : Number(expiresAt),
    serializer: serializer!,
    payload: Buffer.from(stored as string)
      .subarray(start)
      .toString(),
  };
}
