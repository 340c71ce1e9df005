import { ConfigurationError } from '../domain/errors.js';
import { hashTagOf } from '../domain/hash-tag.js';
import type { RegisteredConsumer } from '../store/stream-care.js';
import type { ConsumerAddress } from '../store/consumer-address.js';
import type { StreamStore } from '../store/stream-store.js';
import { streamName } from '../transaction/stream-definition.js';
import type { StreamLike } from '../transaction/stream-definition.js';

/** Names a consumer by the options that it was made with. */
export interface ConsumerChoice {
  /** The consumer's `stream`: one, or the list as it was given (in any order). */
  readonly stream: StreamLike | readonly StreamLike[];
  readonly consumerId: string;
  /** The consumer's `home`, if it had one. */
  readonly home?: string;
  /** Whether this store is only its `source`, and it commits in another. Default `false`. */
  readonly commitsElsewhere?: boolean;
}

/**
 * Lists the consumers that hold back the trimming of a stream, by name, each with the last entry known to be committed.
 * The store is the one that holds the stream.
 */
export async function registeredConsumers(
  store: StreamStore,
  stream: StreamLike,
): Promise<readonly RegisteredConsumer[]> {
  const consumers = await store.consumers(streamName(stream));
  return [...consumers].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Takes a consumer that will not come back out of the registries of its streams, so that it holds back nothing any more;
 * resolves to whether it was in one. Its position and state stay. A consumer that still runs registers again with its
 * next commit. The store is the one that holds the streams, also for a consumer that commits elsewhere.
 */
export async function unregisterConsumer(store: StreamStore, consumer: ConsumerChoice): Promise<boolean> {
  return store.unregister(addressOf(consumer));
}

/** The address of a consumer with these options; its state plays no part in the registries. */
function addressOf({ stream, consumerId, home, commitsElsewhere = false }: ConsumerChoice): ConsumerAddress {
  const streams = (Array.isArray(stream) ? stream : [stream]).map(streamName);
  const [first] = streams;
  if (first === undefined) throw refusal('stream', 'a stream, or a list of at least one');
  if (!isName(consumerId)) throw refusal('consumerId', 'a non-empty string');
  if (home !== undefined && !isName(home)) throw refusal('home', 'a non-empty string');
  if (home === undefined && new Set(streams.map(hashTagOf)).size > 1)
    throw refusal('home', 'given for streams that share no {tag}, as it was to the consumer');
  return {
    consumerId,
    streams,
    home: home ?? hashTagOf(first),
    scope: Array.isArray(stream) ? '*' : first,
    readsHere: !commitsElsewhere,
    stateName: null,
    isKeyed: false,
  };
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== '' && value.isWellFormed();
}

function refusal(option: string, expected: string): ConfigurationError {
  return new ConfigurationError(`${option} must be ${expected}.`, { option });
}
