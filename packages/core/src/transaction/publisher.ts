import { ConfigurationError, MessageValidationError } from '../domain/errors.js';
import { encodeFields } from '../domain/fields-codec.js';
import type { EncodedFields } from '../domain/fields-codec.js';
import type { FieldsInput } from '../domain/fields.js';

/** The most publishes of one transaction. */
export const PUBLISHES_MAX = 10_000;
/** The most bytes that one transaction publishes. */
export const PUBLISH_BYTES_MAX: number = 16 * 1024 * 1024;

/** Checks what handlers publish; one for a consumer, so that a target is looked at once. */
export class Publisher {
  readonly #placementProblem: (stream: string) => string | undefined;
  readonly #allowed = new Set<string>();

  constructor(placementProblem: (stream: string) => string | undefined) {
    this.#placementProblem = placementProblem;
  }

  /** The message in stored form, or an error that says why it cannot be published to that stream. */
  encode(stream: string, message: FieldsInput): EncodedFields {
    if (!this.#allowed.has(stream)) this.#admit(stream);
    return encodeFields(message);
  }

  #admit(stream: string): void {
    if (typeof stream !== 'string' || stream === '' || !stream.isWellFormed()) {
      throw new ConfigurationError('The stream to publish to must be a non-empty string.');
    }
    const problem = this.#placementProblem(stream);
    if (problem !== undefined) throw new ConfigurationError(problem, { stream });
    this.#allowed.add(stream);
  }
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
