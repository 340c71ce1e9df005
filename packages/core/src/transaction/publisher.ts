import { ConfigurationError, MessageValidationError } from '../domain/errors.js';
import { encodeFields, FIELDS_MAX } from '../domain/fields-codec.js';
import type { EncodedFields } from '../domain/fields-codec.js';
import type { FieldsInput, StoredValue } from '../domain/fields.js';
import { streamName } from './stream-definition.js';
import type { StreamDefinition, StreamLike } from './stream-definition.js';

/** The most publishes of one transaction. */
export const PUBLISHES_MAX = 10_000;
/** The most bytes that one transaction publishes. */
export const PUBLISH_BYTES_MAX: number = 16 * 1024 * 1024;

/** So many targets are known to be allowed; beyond that all are forgotten, and looked at again. */
export const ALLOWED_MAX = 1_000;

/** Checks what handlers publish to; one for a consumer, so that not every message has its target looked at. */
export class Publisher {
  readonly #placementProblem: (stream: string) => string | undefined;
  readonly #allowed = new Set<string>();
  readonly #published: Map<string, StreamDefinition<never, unknown>> | undefined;

  /** Definitions that say how much of their stream is kept are noted in `published`. */
  constructor(
    placementProblem: (stream: string) => string | undefined,
    published?: Map<string, StreamDefinition<never, unknown>>,
  ) {
    this.#placementProblem = placementProblem;
    this.#published = published;
  }

  /** The name of a target stream; throws `ConfigurationError` when it cannot be part of the transaction. */
  target(stream: StreamLike): string {
    if (typeof stream === 'string' && this.#allowed.has(stream)) return stream;
    const name = streamName(stream);
    if (typeof stream !== 'string' && stream.retention !== undefined) this.#published?.set(name, stream);
    if (this.#allowed.has(name)) return name;
    const problem = this.#placementProblem(name);
    if (problem !== undefined) throw new ConfigurationError(problem, { stream: name });
    if (this.#allowed.size >= ALLOWED_MAX) this.#allowed.clear();
    this.#allowed.add(name);
    return name;
  }
}

/** A message for a stream in stored form. Throws `MessageValidationError` when it is not one that the stream takes. */
export function encodeMessage(stream: StreamLike, message: unknown): EncodedFields {
  return typeof stream === 'string' ? encodeFields(message as FieldsInput) : checkFields(stream.encode(message));
}

/** A codec may be a user's own: it may give anything, and use the buffer of its bytes again. */
function checkFields(encoded: EncodedFields): EncodedFields {
  const { fields, bytes } = encoded ?? {};
  const isList = Array.isArray(fields) && fields.length >= 2 && fields.length % 2 === 0;
  if (isList && fields.length <= FIELDS_MAX * 2 && fields.every(isStorable) && bytes >= 0)
    return { fields: fields.map(copied), bytes };
  throw new MessageValidationError(
    `A codec must give { fields, bytes }: 1 to ${FIELDS_MAX} pairs of names and values, each a string or a Uint8Array, and their size.`,
  );
}

function copied(value: StoredValue): StoredValue {
  return typeof value === 'string' ? value : Uint8Array.prototype.slice.call(value);
}

function isStorable(value: unknown): boolean {
  return typeof value === 'string' ? value.isWellFormed() : value instanceof Uint8Array;
}

/** Refuses what is beyond the bounds of one transaction. */
export function checkPublishBounds(count: number, bytes: number): void {
  if (count > PUBLISHES_MAX) {
    throw new MessageValidationError(`A transaction may publish at most ${PUBLISHES_MAX} messages.`);
  }
  if (bytes > PUBLISH_BYTES_MAX) {
    throw new MessageValidationError(`A transaction may publish at most ${PUBLISH_BYTES_MAX} bytes.`);
  }
}
