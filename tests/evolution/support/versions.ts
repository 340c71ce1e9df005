import type { Fields, Transaction } from '@ars/core';
import type { KitConsumer, KitConsumerOptions, StoreKit } from '../../behaviour/stores.js';

/** State of the first version: a total, the numbers as text, and something that nobody needs later. */
export interface First {
  total: number;
  numbers: string[];
  legacy: string;
}

/** State of the second version: the total has another name, the numbers are numbers, a label came and `legacy` went. */
export interface Second {
  sum: number;
  numbers: number[];
  label: string;
}

/** What the first version stores after the numbers 1, 2 and 3. */
export const FIRST_STORED = { total: '6', numbers: '["1","2","3"]', legacy: '"x"' };

/** What the second version stores once it has migrated that and handled a 4. */
export const SECOND_STORED = { sum: '10', numbers: '[1,2,3]', label: '"new"' };

/** The first version of the code. */
export function first(): KitConsumerOptions<First> {
  return {
    state: { total: 0, numbers: [], legacy: 'x' },
    handler: ({ n }: Fields, { state }: Transaction<First>) => {
      state.total += Number(n);
      state.numbers.push(n!);
    },
  };
}

/** Turns the attributes of the first version into those of the second. */
export function toSecond(stored: Record<string, unknown>, _fromVersion: number): Record<string, unknown> {
  const { total, numbers } = stored as unknown as First;
  return { sum: total, numbers: numbers.map(Number) };
}

/** The second version of the code; its handler changes only the sum. */
export function second(migrate = toSecond): KitConsumerOptions<Second> {
  return {
    state: { sum: 0, numbers: [], label: 'new' },
    stateVersion: 1,
    migrate,
    handler: ({ n }: Fields, { state }: Transaction<Second>) => {
      state.sum += Number(n);
    },
  };
}

/** Starts a consumer, lets it handle everything, and stops it. */
export async function runOnce<S extends object>(
  kit: StoreKit,
  options: KitConsumerOptions<S>,
): Promise<KitConsumer<S>> {
  const consumer = await kit.started(options);
  await consumer.caughtUp();
  await consumer.stop();
  return consumer;
}

/** Numbers 1 to 3, handled by the first version. */
export async function storeFirst(kit: StoreKit): Promise<void> {
  await kit.addNumbers('in', 1, 3);
  await runOnce(kit, first());
}

/** The stored attributes of the test's consumer, or of the named state. */
export async function storedAttributes(kit: StoreKit, stateName?: string): Promise<Readonly<Record<string, string>>> {
  const keys = { consumerId: 'consumer', scope: kit.name('in'), ...(stateName === undefined ? {} : { stateName }) };
  return (await kit.backend.moment(keys, kit.name('out'))).attributes;
}

/** Everything stored for the test's consumer and its streams. */
export function dump(kit: StoreKit): Promise<unknown> {
  return kit.backend.dump({ consumerId: 'consumer', scope: kit.name('in') }, kit.name('in'), kit.name('out'));
}
