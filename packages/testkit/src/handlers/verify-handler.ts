import {
  type FieldsInput,
  isArsError,
  type InputOf,
  type MessageOf,
  type Serializer,
  type StreamLike,
  StreamProducer,
} from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { SeededRandom } from '../chance/seeded-random.js';
import { differenceBetween, type Difference, type RunResult } from './difference.js';
import { HandlerRun, type InputEntry, type RunSubject } from './handler-run.js';
import { handlerSource, type HandlerToVerify } from './handler-source.js';
import { describeScenario, FAULT_KINDS, type Scenario } from './scenario.js';
import { HandlerVerificationError } from './verification-error.js';

/** How a handler is verified. */
export interface VerifyHandlerOptions<D extends StreamLike = string, S extends object = Record<string, unknown>> {
  /** The state option of the consumer. Default: none. */
  readonly state?: S | (() => S);
  /** The stream that the messages come from, by name or as defined by `defineStream`. Default `'input'`. */
  readonly stream?: D;
  /** The serializer option of the consumer. Default: strict JSON. */
  readonly serializer?: Serializer;
  /** How many runs with random faults. Default 20. */
  readonly randomRuns?: number;
  /** At how many messages each single fault is tried: all of them when there are no more, otherwise some. Default 25. */
  readonly faultyMessagesMax?: number;
  /** Decides which messages those are, and the random faults. Default 1. */
  readonly seed?: number;
}

/** A handler that does what is promised. */
export interface HandlerReport<S extends object> {
  /** The state after all messages. */
  readonly state: S;
  /** What was published to each stream: fields by name. */
  readonly published: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
  /** How many runs were compared. */
  readonly runs: number;
  /** How often the handler was called in all of them. */
  readonly calls: number;
}

/**
 * Runs a handler over messages, without faults and with every fault at every message: its own failure after the work,
 * the death of its process before and after the commit, a lost answer, a takeover, a failover that loses commits, and
 * random mixtures of them; and compares what is left each time. All of it in memory and in virtual time.
 *
 * Rejects with `HandlerVerificationError`, which names the message and the fault: for a handler that fails by itself,
 * whose result depends on more than the message and the state, or that keeps something outside the state.
 */
export async function verifyHandler<const D extends StreamLike = string, S extends object = Record<string, unknown>>(
  handler: HandlerToVerify<MessageOf<D>, S>,
  messages: readonly InputOf<D>[],
  options: VerifyHandlerOptions<D, S> = {},
): Promise<HandlerReport<S>> {
  const subject = await subjectOf(handler, messages, options);
  const plain = await run(subject, { kind: 'plain' });
  await new Promise((resolve) => setTimeout(resolve, 5)); // so that the time is another one
  const results = [plain, await runAndCompare(subject, { kind: 'plain' }, plain)];
  for (const scenario of scenarios(messages.length, options))
    results.push(await runAndCompare(subject, scenario, plain));
  return {
    state: plain.state as S,
    published: plain.published as HandlerReport<S>['published'],
    runs: results.length,
    calls: results.reduce((sum, { calls }) => sum + calls, 0),
  };
}

async function subjectOf<D extends StreamLike, S extends object>(
  handler: HandlerToVerify<MessageOf<D>, S>,
  messages: readonly InputOf<D>[],
  { stream = 'input' as D, state, serializer }: VerifyHandlerOptions<D, S>,
): Promise<RunSubject> {
  const streamName = typeof stream === 'string' ? stream : (stream as { readonly name: string }).name;
  return {
    stream,
    streamName,
    inputs: await encoded(stream, streamName, messages),
    createHandler: handlerSource(handler),
    consumer: { ...(state === undefined ? {} : { state }), ...(serializer === undefined ? {} : { serializer }) },
  };
}

/** The messages as entries: the same IDs in each run, because a handler may use them. */
async function encoded(stream: StreamLike, streamName: string, messages: readonly unknown[]): Promise<InputEntry[]> {
  let nowMs = 1_600_000_000_000;
  const scratch = createMemoryStore({ now: () => (nowMs += 1_000) });
  const producer = new StreamProducer({ store: scratch });
  for (const message of messages) await producer.publish(stream as string, message as FieldsInput);
  return scratch.entries(streamName).map(({ id, fields }) => ({ id, fields }));
}

function scenarios(
  count: number,
  options: { readonly randomRuns?: number; readonly faultyMessagesMax?: number; readonly seed?: number },
): Scenario[] {
  const { randomRuns = 20, faultyMessagesMax = 25, seed = 1 } = options;
  const random = new SeededRandom(seed);
  const all = Array.from({ length: count }, (_, index) => index);
  const isEach = count <= faultyMessagesMax;
  const chosen = isEach ? all : Array.from({ length: faultyMessagesMax }, () => random.pick(all)).sort((a, b) => a - b);
  const single = chosen.flatMap((at) => FAULT_KINDS.map((kind) => ({ kind, at })));
  const mixed = Array.from({ length: randomRuns }, (_, index) => ({
    kind: 'random' as const,
    seed: seed * 1_000 + index,
  }));
  return [...single, ...mixed];
}

async function runAndCompare(subject: RunSubject, scenario: Scenario, plain: RunResult): Promise<RunResult> {
  const result = await run(subject, scenario);
  const difference = differenceBetween(plain, result);
  if (difference !== undefined) throw differs(scenario, difference);
  return result;
}

async function run(subject: RunSubject, scenario: Scenario): Promise<RunResult> {
  try {
    return await new HandlerRun(subject, scenario).result();
  } catch (error) {
    if (!isArsError(error))
      throw new HandlerVerificationError(
        'stuck',
        scenario,
        undefined,
        `${describeScenario(scenario)} comes to no end: ${String(error)}`,
        error,
      );
    const at = subject.inputs.findIndex(({ id }) => id === error.details.entry);
    const number = at === -1 ? undefined : at + 1;
    const where = number === undefined ? '' : ` at message ${number} of ${subject.inputs.length}`;
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    throw new HandlerVerificationError(
      'failed',
      scenario,
      number,
      `The handler fails${where} in ${describeScenario(scenario)}: ${why}`,
      error,
    );
  }
}

function differs(scenario: Scenario, { at, text }: Difference): HandlerVerificationError {
  const number = at === undefined ? undefined : at + 1;
  const where = number === undefined ? text : `for message ${number}, ${text}`;
  if (scenario.kind === 'plain') {
    const why =
      'Its result must follow from the message and the state alone: not from the time, from chance, or from variables outside.';
    return new HandlerVerificationError(
      'nondeterministic',
      scenario,
      number,
      `The handler gives another result when it runs again without faults: ${where}. ${why}`,
    );
  }
  const why =
    'Whatever must survive belongs into the state, and whatever is published must be published through the transaction.';
  return new HandlerVerificationError(
    'fault-dependent',
    scenario,
    number,
    `The handler gives another result in ${describeScenario(scenario)}: ${where}. ${why}`,
  );
}
