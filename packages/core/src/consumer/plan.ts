import { isEntryId } from '../domain/entry-id.js';
import { systemEnvironment } from '../domain/environment.js';
import type { Environment } from '../domain/environment.js';
import { ConfigurationError } from '../domain/errors.js';
import { decodeFields } from '../domain/fields-codec.js';
import type { StoredFields } from '../domain/fields.js';
import { hashTagOf } from '../domain/hash-tag.js';
import { consoleLogger, steadyLogger } from '../domain/logger.js';
import type { Logger } from '../domain/logger.js';
import type { ConsumerAddress } from '../store/consumer-address.js';
import type { StartPoint, StreamStore } from '../store/stream-store.js';
import { isDefinition } from '../transaction/stream-definition.js';
import type { StreamLike } from '../transaction/stream-definition.js';
import type { Transaction } from '../transaction/transaction.js';
import {
  countOption,
  flagOption,
  methodsOption,
  nameOption,
  objectOption,
  refuseOption,
  refuseUnknown,
} from './checks.js';
import { deadLetterOption, durabilityOption, gapOption, retryOption } from './failure-plan.js';
import type { DurabilityPlan, GapPolicy, RetryPlan } from './failure-plan.js';
import type { StreamChoice, StreamConsumerOptions } from './options.js';
import { concurrencyOption, keyedPlan } from './keyed-plan.js';
import type { KeyedPlan } from './keyed-plan.js';
import { planState } from './state-plan.js';
import type { StatePlan } from './state-plan.js';

/** A consumer's options, checked and with every default filled in. */
export interface ConsumerPlan {
  readonly address: ConsumerAddress;
  readonly store: StreamStore;
  readonly source: StreamStore;
  readonly start: StartPoint;
  /** Turns a stream's stored fields into a message; throws `MessageValidationError`. */
  readonly decode: (stream: string, fields: StoredFields) => unknown;
  readonly handle: (message: unknown, transaction: Transaction<object>) => unknown;
  readonly state: StatePlan | undefined;
  /** How the state is kept when there is one a key. */
  readonly keyed: KeyedPlan | undefined;
  /** Gives a message's key where messages of one key must stay in order. */
  readonly keyOf: ((message: unknown) => unknown) | undefined;
  /** How many messages are handled at once. */
  readonly concurrency: number;
  readonly batch: { readonly maxMessages: number; readonly maxBytes: number };
  readonly retry: RetryPlan;
  /** The dead letters' stream. */
  readonly deadLetter: StreamLike | undefined;
  /** The streams it reads that are to be trimmed. */
  readonly keptStreams: readonly StreamLike[];
  readonly onGap: GapPolicy;
  /** Whether a gap ends the consumer in any case, so that it may be refused before anything is claimed. */
  readonly failsOnGap: boolean;
  readonly standby: boolean;
  readonly durability: DurabilityPlan | undefined;
  readonly leaseMs: number;
  readonly stopTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly logger: Logger;
  readonly environment: Environment;
}

const OPTIONS = [
  'store', 'source', 'stream', 'consumerId', 'handler', 'state', 'stateVersion', 'serializer', 'key', 'concurrency',
  'stateTtlMs', 'stateCache',
  'migrate',
  'previousSerializers', 'startFrom', 'batch',
  'retry', 'deadLetter', 'onGap', 'standby', 'durability', 'leaseMs', 'stopTimeoutMs', 'home', 'signal', 'logger', 'environment',
]; // prettier-ignore

/** Checks the options; throws `ConfigurationError` that names the first one that is wrong. */
export function planConsumer<S extends object, D extends StreamChoice>(
  options: StreamConsumerOptions<S, D>,
): ConsumerPlan {
  objectOption('options', options);
  refuseUnknown(options, OPTIONS);
  const store = storeOption('store', options.store);
  const source = options.source === undefined ? store : storeOption('source', options.source);
  const handle = handlerOption(options.handler);
  const chosen: readonly StreamLike[] = Array.isArray(options.stream) ? options.stream : [options.stream as StreamLike];
  const streams = streamsOption(chosen);
  const consumerId = nameOption('consumerId', options.consumerId);
  const home = homeOption(options.home, streams, store);
  const state = planState(options);
  const concurrency = concurrencyOption(options, state);
  const keyed = keyedPlan(options, state);
  const deadLetter = deadLetterOption(options.deadLetter, streams, (stream) => store.placementProblem(home, stream));
  const address: ConsumerAddress = {
    consumerId,
    home,
    scope: Array.isArray(options.stream) ? '*' : streams[0]!,
    streams,
    readsHere: source === store,
    stateName: state === undefined ? null : state.name,
    isKeyed: keyed !== undefined,
  };
  return {
    address, store, source, handle, state, keyed, concurrency,
    keyOf: options.key as ConsumerPlan['keyOf'],
    decode: decoderOf(chosen),
    start: startOption(options.startFrom),
    batch: batchOption(options.batch),
    retry: retryOption(options.retry, deadLetter !== undefined),
    deadLetter,
    keptStreams: chosen.filter((stream) => typeof stream !== 'string' && stream.retention !== undefined),
    onGap: gapOption(options.onGap, consumerId),
    failsOnGap: options.onGap === undefined || options.onGap === 'fail',
    standby: flagOption('standby', options.standby, false),
    durability: durabilityOption(options.durability, store),
    leaseMs: countOption('leaseMs', options.leaseMs, 10_000, 100),
    stopTimeoutMs: countOption('stopTimeoutMs', options.stopTimeoutMs, 10_000),
    signal: signalOption(options.signal),
    logger: loggerOption(options.logger),
    environment: environmentOption(options.environment),
  }; // prettier-ignore
}

function storeOption(option: string, value: unknown): StreamStore {
  const methods = [
    'openReader',
    'openHome',
    'append',
    'tail',
    'placementProblem',
    'trim',
    'register',
    'audit',
    'close',
  ] as const;
  return methodsOption<StreamStore>(
    option,
    value,
    methods,
    'a store, such as createMemoryStore() or createIoredisStore(url)',
  );
}

function handlerOption(handler: unknown): ConsumerPlan['handle'] {
  if (typeof handler === 'function') {
    const isClass = /^class\b/.test(Function.prototype.toString.call(handler));
    return isClass
      ? refuseOption('handler', 'an instance of the class, not the class itself')
      : (handler as ConsumerPlan['handle']);
  }
  const object = methodsOption<{ handle: ConsumerPlan['handle'] }>(
    'handler',
    handler,
    ['handle'],
    'a function, or an object with handle(message, transaction)',
  );
  return (message, transaction) => object.handle(message, transaction);
}

function streamsOption(chosen: readonly StreamLike[]): readonly string[] {
  if (chosen.length === 0) refuseOption('stream', 'a stream, or a list of at least one');
  const names = chosen.map((stream) => {
    if (typeof stream !== 'string' && !isDefinition(stream))
      refuseOption('stream', 'a name, or what defineStream returned');
    return nameOption('stream', typeof stream === 'string' ? stream : stream.name);
  });
  if (new Set(names).size !== names.length) refuseOption('stream', 'a list without repetitions');
  return names;
}

/** Most consumers read one stream, and most streams hold plain fields; neither costs a look-up a message. */
function decoderOf(chosen: readonly StreamLike[]): ConsumerPlan['decode'] {
  const defined = new Map(
    chosen.flatMap((stream) => (typeof stream === 'string' ? [] : [[stream.name, stream] as const])),
  );
  if (defined.size === 0) return (_, fields) => decodeFields(fields);
  return (stream, fields) => {
    const definition = defined.get(stream);
    return definition === undefined ? decodeFields(fields) : definition.decode(fields);
  };
}

function homeOption(given: string | undefined, streams: readonly string[], store: StreamStore): string {
  const tags = new Set(streams.map(hashTagOf));
  if (given === undefined && tags.size > 1) {
    throw new ConfigurationError(
      'home is required for streams that share no {tag}: give a hash tag under which the consumer commits.',
      { option: 'home' },
    );
  }
  const home = given === undefined ? hashTagOf(streams[0]!) : nameOption('home', given);
  for (const stream of streams) {
    const problem = store.placementProblem(home, stream);
    if (problem !== undefined) throw new ConfigurationError(`stream: ${problem}`, { option: 'stream', stream });
  }
  return home;
}

function startOption(startFrom: unknown): StartPoint {
  if (startFrom === undefined || startFrom === 'beginning') return 'beginning';
  if (startFrom === 'end') return 'end';
  if (startFrom instanceof Date && startFrom.getTime() >= 0) return { fromId: `${startFrom.getTime()}-0` };
  if (typeof startFrom === 'string' && /^\d+$/.test(startFrom) && isEntryId(`${startFrom}-0`))
    return { fromId: `${startFrom}-0` };
  if (typeof startFrom === 'string' && isEntryId(startFrom)) return { fromId: startFrom };
  return refuseOption('startFrom', "'beginning', 'end', an entry ID such as '1526919030474-0', or a valid Date");
}

function batchOption(value: unknown): ConsumerPlan['batch'] {
  const given = value === undefined ? {} : (objectOption('batch', value) as Record<string, unknown>);
  refuseUnknown(given, ['maxMessages', 'maxBytes'], 'batch.');
  return {
    maxMessages: countOption('batch.maxMessages', given['maxMessages'], 1_000),
    maxBytes: countOption('batch.maxBytes', given['maxBytes'], 4 * 1024 * 1024),
  };
}

function loggerOption(value: unknown): Logger {
  if (value === undefined) return consoleLogger;
  const methods = ['debug', 'info', 'warn', 'error'] as const;
  return steadyLogger(methodsOption<Logger>('logger', value, methods, 'an object with debug, info, warn and error'));
}

function environmentOption(value: unknown): Environment {
  if (value === undefined) return systemEnvironment;
  const methods = ['now', 'wallClock', 'after', 'soon', 'random', 'uniqueToken'] as const;
  return methodsOption<Environment>('environment', value, methods, `an object with ${methods.join(', ')}`);
}

function signalOption(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value;
  return refuseOption('signal', 'an AbortSignal');
}
