import { ConfigurationError, isArsError, MessageValidationError } from '../domain/errors.js';
import type { EncodedFields } from '../domain/fields-codec.js';
import type { Fields, FieldsInput, StoredFields } from '../domain/fields.js';
import type { Retention } from '../store/stream-care.js';
import { fieldsCodec, jsonCodec } from './codec.js';
import type { Codec } from './codec.js';
import type { SchemaIssue, StandardSchema } from './standard-schema.js';

/** A stream whose messages have a type. `In` is what may be published to it, `Out` what a handler receives. */
export interface StreamDefinition<In = unknown, Out = In> {
  readonly name: string;
  /** How much of the stream is kept. Without it nothing is removed. */
  readonly retention?: Retention;
  /** Validates a message and brings it into stored form. Throws `MessageValidationError`. */
  encode(message: In): EncodedFields;
  /** Reads a message from stored form and validates it. Throws `MessageValidationError`. */
  decode(fields: StoredFields): Out;
}

// oxlint-disable-next-line typescript/no-explicit-any -- any definition, whatever its types
type AnyDefinition = StreamDefinition<any, any>;

/** A stream by its name (messages are `Fields`), or by its definition. */
export type StreamLike = string | AnyDefinition;

/** How many places an error names of an invalid message, and how much of each: a long list is no help in a log. */
const PATHS_MAX = 10;
const PATH_LENGTH_MAX = 200;

/** The type of the messages that a consumer of this stream, or of this list of streams, receives. */
export type MessageOf<D> = D extends string
  ? Fields
  : D extends StreamDefinition<never, infer Out>
    ? Out
    : D extends readonly (infer E)[]
      ? MessageOf<E>
      : never;

/** The type of the messages that may be published to this stream. */
export type InputOf<D> = D extends string ? FieldsInput : D extends StreamDefinition<infer In, unknown> ? In : never;

/** What every definition may say besides. */
interface KeepingOptions {
  /**
   * How much of the stream is kept: `'consumed'`, `{ maxLength }` (entries) or `{ maxAge }` (milliseconds). What a
   * registered consumer has not committed is never removed. Default: everything is kept.
   */
  readonly retention?: Retention;
}

/** How a stream of plain fields is defined, for the sake of its retention. */
export interface PlainStreamOptions {
  readonly retention: Retention;
  readonly schema?: undefined;
  readonly codec?: undefined;
}

/** How a typed stream is defined by a schema: the schema's input is published, its output is received. */
export interface SchemaStreamOptions<In, Out> extends KeepingOptions {
  /** Validates messages on their way out and in: any Standard Schema, such as zod's, valibot's or arktype's. */
  readonly schema: StandardSchema<In, Out>;
  /** How messages are stored. Default `jsonCodec`. */
  readonly codec?: Codec<never, unknown>;
}

/** How a typed stream is defined by a codec alone. */
export interface CodecStreamOptions<In, Out> extends KeepingOptions {
  readonly codec: Codec<In, Out>;
}

/**
 * Names a stream and says what its messages are and how long they are kept, for `stream`, `transaction.publish` and
 * `producer.publish`. With `retention` alone messages are plain fields.
 *
 * What is stored is the message as it was published, once the schema found it valid; a transforming schema transforms
 * it where it is read. Schemas that validate asynchronously are refused with `ConfigurationError` when they are used.
 */
export function defineStream(name: string, options: PlainStreamOptions): StreamDefinition<FieldsInput, Fields>;
export function defineStream<In, Out>(name: string, options: SchemaStreamOptions<In, Out>): StreamDefinition<In, Out>;
export function defineStream<In, Out>(name: string, options: CodecStreamOptions<In, Out>): StreamDefinition<In, Out>;
export function defineStream(name: string, options: DefinitionOptions): StreamDefinition<unknown, unknown> {
  if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
    throw new ConfigurationError('The name of a stream must be a non-empty string.', { option: 'name' });
  }
  const { schema, codec = schema === undefined ? fieldsCodec : jsonCodec, retention } = checkOptions(options);
  const { encode, decode } = guarded(name, codec as Codec<unknown, unknown>);
  const kept = retention === undefined ? { name } : { name, retention: checkRetention(retention) };
  if (schema === undefined) return { ...kept, encode, decode };
  return {
    ...kept,
    encode(message) {
      validate(name, schema, message);
      return encode(message);
    },
    decode: (fields) => validate(name, schema, decode(fields)),
  };
}

function guarded(stream: string, codec: Codec<unknown, unknown>): Pick<Codec<unknown, unknown>, 'encode' | 'decode'> {
  return {
    encode: (message) => judged(stream, 'codec', () => codec.encode(message)),
    decode: (fields) => judged(stream, 'codec', () => codec.decode(fields)),
  };
}

/** Whatever a schema or codec throws means that it does not take the message, and would not when asked again. */
function judged<T>(stream: string, what: 'schema' | 'codec', work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isArsError(error)) throw error;
    throw new MessageValidationError(`The ${what} of stream "${stream}" failed on a message.`, { stream }, error);
  }
}

interface DefinitionOptions extends KeepingOptions {
  readonly schema?: StandardSchema | undefined;
  readonly codec?: Codec<never, unknown> | undefined;
}

const OPTIONS = ['schema', 'codec', 'retention'];

function checkOptions(options: DefinitionOptions): DefinitionOptions {
  if (typeof options !== 'object' || options === null || '~standard' in options) {
    throw new ConfigurationError(
      'defineStream takes { schema } (any Standard Schema), { codec }, { retention }, or several of them.',
      {
        option: 'schema',
      },
    );
  }
  const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
  if (unknown !== undefined)
    throw new ConfigurationError(`${unknown} is not an option of defineStream.`, { option: unknown });
  const { schema, codec, retention } = options;
  if (schema === undefined && codec === undefined && retention === undefined) {
    throw new ConfigurationError('defineStream needs a schema (any Standard Schema), a codec or a retention.', {
      option: 'schema',
    });
  }
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
    throw new ConfigurationError('schema must be a Standard Schema, such as one of zod, valibot or arktype.', {
      option: 'schema',
    });
  }
  if (codec !== undefined && (typeof codec?.encode !== 'function' || typeof codec.decode !== 'function')) {
    throw new ConfigurationError('codec must have encode and decode, such as fieldsCodec or jsonCodec.', {
      option: 'codec',
    });
  }
  return options;
}

/** A copy that nobody changes later, so that what was checked stays true. */
function checkRetention(retention: Retention): Retention {
  if (retention === 'consumed') return retention;
  const [name, ...others] = typeof retention === 'object' && retention !== null ? Object.keys(retention) : [];
  if (others.length > 0 || (name !== 'maxLength' && name !== 'maxAge')) {
    throw new ConfigurationError("retention must be 'consumed', { maxLength: entries } or { maxAge: milliseconds }.", {
      option: 'retention',
    });
  }
  const value = (retention as Record<string, unknown>)[name];
  if (!Number.isSafeInteger(value) || (value as number) < 1) {
    throw new ConfigurationError(`retention.${name} must be a whole number of at least 1.`, {
      option: `retention.${name}`,
    });
  }
  return Object.freeze({ ...retention });
}

/** The schema's output for a value. The error names paths, never values: schema libraries put them into their texts. */
function validate(stream: string, schema: StandardSchema, value: unknown): unknown {
  const result = judged(stream, 'schema', () => schema['~standard'].validate(value));
  if ('then' in result) {
    result.then(undefined, () => {});
    throw new ConfigurationError(
      `The schema of stream "${stream}" validates asynchronously, which is not supported; zod does so also when a ` +
        'transform or refinement throws.',
      { stream },
    );
  }
  if (result.issues === undefined) return result.value;
  const paths = Array.from(new Set(result.issues.map(pathOf)));
  const named = paths.slice(0, PATHS_MAX);
  const more = paths.length > PATHS_MAX ? ` and ${paths.length - PATHS_MAX} more places` : '';
  throw new MessageValidationError(`A message of stream "${stream}" is invalid at ${named.join(', ')}${more}.`, {
    stream,
    paths: named,
  });
}

function pathOf(issue: SchemaIssue): string {
  const keys = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return keys.length === 0 ? 'its root' : keys.join('.').slice(0, PATH_LENGTH_MAX);
}

/** The name of a stream given by name or definition, checked. Throws `ConfigurationError`. */
export function streamName(stream: unknown): string {
  const name = typeof stream === 'string' ? stream : isDefinition(stream) ? stream.name : undefined;
  if (typeof name === 'string' && name !== '' && name.isWellFormed()) return name;
  throw new ConfigurationError('A stream must be a non-empty string, or what defineStream returned.', {
    option: 'stream',
  });
}

/** Whether a value is a stream's definition, of whatever copy of this library. */
export function isDefinition(value: unknown): value is StreamDefinition<unknown, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const { name, encode, decode } = value as Partial<StreamDefinition>;
  return typeof name === 'string' && typeof encode === 'function' && typeof decode === 'function';
}
