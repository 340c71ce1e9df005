export { BEGINNING, compareIds, isEntryId, previousId, timestampOf } from './domain/entry-id.js';
export type { EntryId } from './domain/entry-id.js';
export type { FieldValue, Fields, FieldsInput, StoredFields, StoredValue } from './domain/fields.js';
export { systemEnvironment } from './domain/environment.js';
export type { Environment } from './domain/environment.js';
export {
  ArsError,
  CommitError,
  ConfigurationError,
  DurabilityError,
  FencedError,
  HandlerError,
  isArsError,
  MessageValidationError,
  SerializationError,
  StateLostError,
  StateOwnershipError,
  StateSchemaError,
  StoppedError,
  StoreUnavailableError,
  StreamGapError,
  StreamRegressedError,
  TornCommitError,
  TransactionClosedError,
} from './domain/errors.js';
export type { ArsErrorCode, ErrorDetails } from './domain/errors.js';
export { decodeFields, encodeFields, FIELDS_MAX, storedValueOf } from './domain/fields-codec.js';
export type { EncodedFields } from './domain/fields-codec.js';
export { hashTagOf } from './domain/hash-tag.js';
export { consoleLogger } from './domain/logger.js';
export type { Logger } from './domain/logger.js';
export { strictJson } from './state/strict-json.js';
export type { Serializer } from './state/serializer.js';
// For writers of serializers
export { SERIALIZED_DEPTH_MAX, SoundnessCheck } from './state/soundness-check.js';
export type { Format } from './state/soundness-check.js';
export { Persistable } from './transaction/persistable.js';
export type { WithAttributes } from './transaction/persistable.js';
export type { Handler, HandlerFunction, HandlerObject } from './transaction/handler.js';
export { binaryCodec, fieldsCodec, jsonCodec, serializerCodec } from './transaction/codec.js';
export type { Codec } from './transaction/codec.js';
export type { SchemaIssue, SchemaResult, StandardSchema } from './transaction/standard-schema.js';
export { defineStream } from './transaction/stream-definition.js';
export type {
  CodecStreamOptions,
  InputOf,
  MessageOf,
  PlainStreamOptions,
  SchemaStreamOptions,
  StreamDefinition,
  StreamLike,
} from './transaction/stream-definition.js';
export type { EntryInfo, Transaction } from './transaction/transaction.js';
export { StreamConsumer } from './consumer/stream-consumer.js';
export type {
  BatchOptions,
  DurabilityOptions,
  FailureVerdict,
  GapHandler,
  NoState,
  RetryOptions,
  StreamChoice,
  StateCacheOptions,
  StreamConsumerOptions,
} from './consumer/options.js';
export type { DeadLettered } from './transaction/batch.js';
export type { StreamGap } from './transaction/delivery.js';
export type { ConsumerEventName, ConsumerEvents, ConsumerListener } from './consumer/events.js';
export type { StartPreview, StatePreview } from './consumer/preview.js';
export type { ConsumerStats } from './consumer/progress.js';
export { StreamProducer } from './producer/stream-producer.js';
export type { PublishOptions, StreamProducerOptions } from './producer/stream-producer.js';
export type { DeadLetter } from './care/dead-letter.js';
export { registeredConsumers, unregisterConsumer } from './care/registered-consumers.js';
export type { ConsumerChoice } from './care/registered-consumers.js';
export { replayDeadLetters } from './care/replay-dead-letters.js';
export type { ReplayAnswer, ReplayOptions } from './care/replay-dead-letters.js';
export type { AuditCode, AuditFinding } from './store/audit.js';
export type { ClaimAnswer, ClaimRequest, OwnerSight, RenewAnswer, Token } from './store/claim.js';
export type { Commit, CommitAnswer, Publish, StateChange, StateHeader } from './store/commit.js';
export type { DurabilityKind, DurabilityLevel } from './store/durability.js';
export type { LoadAnswer, StatePage } from './store/keyed-state.js';
export type { MoveAnswer, MoveRequest, RegisteredConsumer, Retention, StreamCare } from './store/stream-care.js';
export type { FailedAttempt, Inspection, StoredRecord, StoredState, StreamCursor } from './store/stored-consumer.js';
export type { ConsumerAddress } from './store/consumer-address.js';
export type {
  AppendAnswer,
  AppendRequest,
  ConsumerHome,
  ReadRequest,
  StartPoint,
  StreamRead,
  StreamReader,
  StreamStore,
} from './store/stream-store.js';
export type { StoredEntry } from './store/stored-entry.js';
