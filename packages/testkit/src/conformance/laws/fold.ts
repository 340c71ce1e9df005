import {
  type Fields, type Logger, StreamConsumer, type StreamConsumerOptions, type StreamStore, type Transaction,
} from '@ars/core'; // prettier-ignore
import { checkEqual } from '../check.js';
import type { Trial } from '../trial.js';

/** The state of the fold: enough to tell a repeat, a gap and a wrong order apart. */
export interface FoldState {
  count: number;
  /** Of every message, its number and how many came before it. */
  seen: string[];
  totals: Record<string, { count: number; last: string }>;
}

const silent = (): void => {};
/** Says nothing: what a consumer warns of is what these tries are about. */
export const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** One consumer's work, written down twice: as a handler, and as what must come of it. */
export class Fold {
  readonly #trial: Trial;
  /** How often the handler was called, by message. */
  readonly calls: Map<string, number> = new Map();
  readonly #consumers: StreamConsumer<FoldState, string>[] = [];

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  /** A consumer of `in`, over this store. */
  consumer(
    store: StreamStore,
    options: Partial<StreamConsumerOptions<FoldState, string>> = {},
  ): StreamConsumer<FoldState, string> {
    const consumer = new StreamConsumer<FoldState, string>({
      store,
      stream: this.#trial.stream('in'),
      consumerId: 'worker',
      state: { count: 0, seen: [], totals: {} },
      handler: (message, transaction) => this.handle(message, transaction),
      batch: { maxMessages: 3 },
      retry: { minDelayMs: 1, maxDelayMs: 5 },
      stopTimeoutMs: 500,
      logger: quiet,
      ...options,
    });
    this.#consumers.push(consumer);
    return consumer;
  }

  /** The work itself. */
  handle(message: Fields, transaction: Transaction<FoldState>): void {
    const n = message['n']!;
    this.calls.set(n, (this.calls.get(n) ?? 0) + 1);
    const { state } = transaction;
    state.seen.push(`${n}@${state.count}`);
    state.count += 1;
    state.totals[keyOf(n)] ??= { count: 0, last: '' };
    const total = state.totals[keyOf(n)]!; // what is assigned into state is copied
    total.count += 1;
    total.last = n;
    for (const output of outputsOf(n, state.count)) transaction.publish(this.#trial.stream(output.to), output.message);
  }

  /** Starts a consumer, lets it come to the end, and stops it. */
  async complete(store: StreamStore = this.#trial.store): Promise<void> {
    const consumer = this.consumer(store);
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
  }

  /** Checks state, position and outputs: exactly those of these messages, each once, in order. */
  async expectExact(numbers: readonly (string | number)[]): Promise<void> {
    const { inspection, streams } = await this.#trial.picture(['in', 'out', 'more']);
    const attributes = Array.from(inspection.state?.attributes ?? [], ([name, value]) => [
      name,
      JSON.parse(String(value)) as unknown,
    ]);
    const expected = foldOf(numbers.map(String));
    if (numbers.length > 0) checkEqual(Object.fromEntries(attributes), expected.state, 'the state of the fold');
    const [input, ...outputs] = streams.map(({ entries }) => entries.map(({ fields }) => fields[1]));
    checkEqual(outputs, [expected.out, expected.more], 'the outputs of the fold');
    const done = input!.slice(0, numbers.length);
    checkEqual(done, numbers.map(String), 'the messages that were folded are the first of the stream');
    const { position } = inspection.record!.cursors[0]!;
    const last = numbers.length === 0 ? '0-0' : streams[0]!.entries[numbers.length - 1]!.id;
    checkEqual(position, last, 'the position after the fold');
  }

  /** Ends what is still running. */
  async end(): Promise<void> {
    await Promise.all(this.#consumers.map((consumer) => consumer.stop()));
  }
}

/** Tries something with a fold, and ends its consumers in any case. */
export async function withFold(trial: Trial, act: (fold: Fold) => Promise<void>): Promise<void> {
  const fold = new Fold(trial);
  try {
    await act(fold);
  } finally {
    await fold.end();
  }
}

/** What must come of these messages. */
function foldOf(numbers: readonly string[]): { state: FoldState; out: string[]; more: string[] } {
  const state: FoldState = { count: numbers.length, seen: numbers.map((n, index) => `${n}@${index}`), totals: {} };
  const published: { to: string; message: { text: string } }[] = [];
  for (const [index, n] of numbers.entries()) {
    const same = numbers.slice(0, index + 1).filter((one) => keyOf(one) === keyOf(n));
    state.totals[keyOf(n)] = { count: same.length, last: n };
    published.push(...outputsOf(n, index + 1));
  }
  const textsTo = (name: string): string[] =>
    published.filter(({ to }) => to === name).map(({ message }) => message.text);
  return { state, out: textsTo('out'), more: textsTo('more') };
}

function keyOf(n: string): string {
  return `key${Number(n) % 3}`;
}

function outputsOf(n: string, count: number): { to: string; message: { text: string } }[] {
  const one = { to: 'out', message: { text: `${n}:${count}` } };
  return count % 3 === 0 ? [one, { to: 'more', message: { text: `third ${n}` } }] : [one];
}
