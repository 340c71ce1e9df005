import { ConfigurationError, type ConsumerAddress } from '@ars/core';
import { hashSlot, hashTag } from './hash-slot.js';

/**
 * Where everything is stored (DESIGN section 7, P23, P24). Every key of the library is
 * `<prefix>ars:{<tag>}:<kind>:<name>…`, with the tag that puts it into the slot of the stream it belongs to.
 */
export class KeyLayout {
  readonly prefix: string;
  readonly isCluster: boolean;

  constructor(prefix: string, isCluster: boolean) {
    this.prefix = prefix;
    this.isCluster = isCluster;
  }

  /** The key of a stream: its name behind the prefix. */
  stream(name: string): string {
    return this.prefix + name;
  }

  /**
   * The key of a consumer's record; it also names the consumer in registries and as the owner of a state. Throws
   * `ConfigurationError` for a list of streams that `homeTag` refuses.
   */
  record(address: ConsumerAddress): string {
    return this.#own(this.#homeTag(address), 'consumer', consumerName(address));
  }

  /** The key of a consumer's state, of another kind where it is kept by key; `undefined` for a consumer without one. */
  state(address: ConsumerAddress): string | undefined {
    if (address.stateName === null) return undefined;
    const name = address.stateName === undefined ? consumerName(address) : encodePart(address.stateName);
    return this.#own(this.#homeTag(address), address.isKeyed ? 'keyed' : 'state', name);
  }

  /** The key of a stream's registry of consumers. */
  registry(stream: string): string {
    return this.#own(this.#streamTag(stream), 'consumers', encodePart(stream));
  }

  /** The key that remembers the idempotency keys of a stream's entries. */
  idempotency(stream: string): string {
    return this.#own(this.#streamTag(stream), 'idempotency', encodePart(stream));
  }

  /** Whether a stream's name is one that the library keeps for itself. */
  isReserved(stream: string): boolean {
    return stream.startsWith('ars:{');
  }

  /** Why a stream cannot be part of a transaction at a home, as a sentence; `undefined` when it can. */
  placementProblem(home: string, stream: string): string | undefined {
    if (this.isReserved(stream))
      return `'${stream}' is no stream of yours: names that begin with 'ars:{' are the library's`;
    if (!this.isCluster) return undefined;
    const own = this.#own(homeTag(this.prefix, home, [stream]), 'consumer', '');
    if (hashSlot(own) === hashSlot(this.stream(stream))) return undefined;
    if (home === (hashTag(stream) ?? stream)) {
      return `the name '${stream}' cannot share its hash slot with other keys; name it with a hash tag, such as '{orders}'`;
    }
    return (
      `stream '${stream}' is not in the hash slot of '${home}', and Redis Cluster commits within one slot only; ` +
      `give all streams of the transaction one hash tag, such as '{${home}}:in' and '{${home}}:out'`
    );
  }

  #homeTag(address: ConsumerAddress): string {
    return homeTag(this.prefix, address.home, address.streams);
  }

  #streamTag(stream: string): string {
    return homeTag(this.prefix, hashTag(stream) ?? stream, [stream]);
  }

  #own(tag: string, kind: string, name: string): string {
    return `${this.prefix}ars:{${tag}}:${kind}:${name}`;
  }
}

/**
 * The tag of the library's keys for a home that was named without knowing of the key prefix. A tag in the prefix
 * rules every key. Otherwise an explicit tag of the streams stays theirs behind the prefix; and where the whole
 * name of the stream is the home, the whole key is the tag, so the prefix belongs to it. A list of both kinds would
 * change its keys with the first stream of the other kind, and the consumer would start afresh: it is refused.
 */
function homeTag(prefix: string, home: string, streams: readonly string[]): string {
  const prefixTag = hashTag(prefix);
  if (prefixTag !== undefined) return prefixTag;
  const tagged = streams.filter((stream) => hashTag(stream) === home);
  if (tagged.length === 0) return prefix + home;
  if (prefix !== '' && tagged.length < streams.length) throw mixedList(prefix, home, streams, tagged);
  return home;
}

function mixedList(
  prefix: string,
  home: string,
  streams: readonly string[],
  tagged: readonly string[],
): ConfigurationError {
  const others = streams.filter((stream) => !tagged.includes(stream));
  return new ConfigurationError(
    `behind the key prefix '${prefix}' a consumer cannot read ${quoted(tagged)}, tagged with its home '${home}', ` +
      `together with ${quoted(others)}, not so tagged: give all of them that tag, or read them by different consumers`,
    { home, streams },
  );
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ');
}

/**
 * `<scope>:<consumerId>`. The scope `*` means a list of streams; the scope of the one stream that is named `*` is
 * written `%2A`. (A list of only that stream is that stream.)
 */
function consumerName(address: ConsumerAddress): string {
  const isStarStream = address.scope === '*' && address.streams.length === 1 && address.streams[0] === '*';
  const scope = isStarStream ? '%2A' : encodePart(address.scope);
  return `${scope}:${encodePart(address.consumerId)}`;
}

const ENCODED: Readonly<Record<string, string>> = { ':': '%3A', '{': '%7B', '}': '%7D', '%': '%25' };

/** Percent-encodes what separates the parts of a key, so that different names never meet in one key (P23). */
export function encodePart(part: string): string {
  return part.replace(/[:{}%]/g, (character) => ENCODED[character]!);
}
