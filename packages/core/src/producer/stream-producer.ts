import { RetentionKeeper } from '../care/retention-keeper.js';
import type { EntryId } from '../domain/entry-id.js';
import { systemEnvironment } from '../domain/environment.js';
import type { Environment } from '../domain/environment.js';
import { ConfigurationError, MessageValidationError } from '../domain/errors.js';
import { consoleLogger, steadyLogger } from '../domain/logger.js';
import type { Logger } from '../domain/logger.js';
import type { StreamStore } from '../store/stream-store.js';
import { encodeMessage } from '../transaction/publisher.js';
import { streamName } from '../transaction/stream-definition.js';
import type { InputOf, StreamLike } from '../transaction/stream-definition.js';

/** What a `StreamProducer` is made of. */
export interface StreamProducerOptions {
  /** Where to append. */
  readonly store: StreamStore;
  /** Told when a stream with a retention cannot be trimmed. Default: the console, warnings and errors only. */
  readonly logger?: Logger;
  /** Time, for simulations. Default: the real one. */
  readonly environment?: Environment;
}

const OPTIONS = ['store', 'logger', 'environment'];

/** How one message is published. */
export interface PublishOptions {
  /**
   * Makes publishing repeatable: a stream gets at most one entry per key within the store's window (24 hours), and every
   * repeat answers the first one's ID. Default: none; then a message whose answer was lost may or may not be there.
   */
  readonly idempotencyKey?: string;
}

/**
 * Publishes messages from outside a consumer. It holds nothing of its own, no timer either: close the store when you are
 * done. A stream whose definition has a `retention` is trimmed in the background after a publish, at most once a second;
 * what the last burst left is trimmed by the next publish, or by the stream's consumers.
 */
export class StreamProducer {
  readonly #store: StreamStore;
  readonly #keeper: RetentionKeeper;

  constructor(options: StreamProducerOptions) {
    if (typeof options?.store?.append !== 'function') {
      throw new ConfigurationError('store must be a store, such as createMemoryStore() or createIoredisStore(url).', {
        option: 'store',
      });
    }
    const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
    if (unknown !== undefined)
      throw new ConfigurationError(`${unknown} is not an option of StreamProducer.`, { option: unknown });
    const { store, logger = consoleLogger, environment = systemEnvironment } = options;
    this.#store = store;
    this.#keeper = new RetentionKeeper({ store, logger: steadyLogger(logger), environment, hasTimers: false });
  }

  /**
   * Appends a message and resolves to its entry ID. Rejects with `MessageValidationError` for a message that cannot be
   * stored, and with `StoreUnavailableError` when the store cannot be reached; `details.ran` is then `'unknown'` if the
   * message may have been appended. Only with an `idempotencyKey` it is safe to publish it again.
   */
  async publish<D extends StreamLike>(target: D, message: InputOf<D>, options: PublishOptions = {}): Promise<EntryId> {
    const stream = streamName(target);
    const { idempotencyKey, ...unknown } = options;
    for (const name of Object.keys(unknown)) {
      throw new ConfigurationError(`${name} is not an option of publish; its option is idempotencyKey.`, {
        option: name,
      });
    }
    if (idempotencyKey !== undefined) checkKey(stream, idempotencyKey);
    const { fields } = encodeMessage(target, message);
    const answer = await this.#store.append({ stream, fields, idempotencyKey });
    this.#keeper.note(target);
    return answer.id;
  }
}

function checkKey(stream: string, key: unknown): void {
  if (typeof key === 'string' && key !== '' && key.isWellFormed()) return;
  throw new MessageValidationError('idempotencyKey must be a non-empty string.', { stream });
}
