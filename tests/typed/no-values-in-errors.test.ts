import { inspect } from 'node:util';
import { defineStream, type StandardSchema } from '@ars/core';
import { type } from 'arktype';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { typedConsumer } from './support/typed-consumer.js';

const SECRET = 'hunter2-secret-marker';

/** Schemas whose own texts quote what they refuse. */
const TALKATIVE: readonly (readonly [string, unknown])[] = [
  ['zod', z.object({ user: z.object({ pin: z.string().refine((pin) => pin === '', { error: ({ input }) => `not empty: ${String(input)}` }) }) })],
  ['zod, strict', z.object({ user: z.strictObject({}).or(z.object({ pin: z.templateLiteral(['a', z.number()]) })) })],
  ['valibot', v.object({ user: v.object({ pin: v.picklist(['a', 'b']) }) })],
  ['valibot, literal', v.object({ user: v.object({ pin: v.pipe(v.string(), v.regex(/^\d+$/)) }) })],
  ['arktype', type({ user: { pin: "'a' | 'b'" } })],
  ['arktype, narrowed', type({ user: { pin: type('string').narrow((pin, context) => context.mustBe(`other than ${pin}`)) } })],
]; // prettier-ignore

const everything = (...values: unknown[]): string => inspect(values, { depth: 20, showHidden: false });

describeStores((kit) => {
  test('the marker would show: texts of schema libraries quote values', () => {
    const texts = TALKATIVE.map(([, schema]) => {
      const result = (schema as StandardSchema)['~standard'].validate({ user: { pin: SECRET } });
      return JSON.stringify((result as { issues: { message: string }[] }).issues.map(({ message }) => message));
    });
    expect(texts.filter((text) => text.includes(SECRET)).length).toBeGreaterThanOrEqual(4);
  });

  test.each(TALKATIVE)(
    '%s: the error of an invalid incoming message names its path and holds no value',
    async (_, schema) => {
      await kit.add('in', { json: JSON.stringify({ user: { pin: SECRET } }) });
      const stream = defineStream(kit.name('in'), { schema: schema as StandardSchema });
      const consumer = typedConsumer(kit, { stream, handler: () => {} });
      await consumer.start();
      const error = (await failureOf(consumer.closed)) as Error;
      expect(error.message).toMatch(/ is invalid at user(\.pin)?[. ]/);
      expect(everything(error, error.stack, kit.logger.lines)).not.toContain(SECRET);
    },
  );

  test.each(TALKATIVE)(
    '%s: the error of an invalid outgoing message names its path and holds no value',
    async (_, schema) => {
      const stream = defineStream<unknown, unknown>(kit.name('out'), { schema: schema as StandardSchema });
      const error = (await failureOf(kit.producer().publish(stream, { user: { pin: SECRET } }))) as Error;
      expect(error.message).toMatch(/ is invalid at user(\.pin)?\.$/);
      expect(everything(error, error.stack)).not.toContain(SECRET);
    },
  );

  test.each([
    ['text that is not JSON', `{"pin":"${SECRET}`],
    ['JSON with a bad token at the marker', `{"pin": ${SECRET}}`],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(SECRET), Buffer.of(0xff)])],
  ])('the error of an entry that cannot be decoded (%s) holds no value', async (_, json) => {
    await kit.add('in', { json });
    const stream = defineStream(kit.name('in'), { schema: z.unknown() });
    const consumer = typedConsumer(kit, { stream, handler: () => {} });
    await consumer.start();
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(everything(error, kit.logger.lines)).not.toContain(SECRET);
  });

  test('the error of a message that JSON would change holds no value', async () => {
    const stream = defineStream(kit.name('out'), { schema: z.any() });
    class Credentials {
      readonly pin = SECRET;
    }
    for (const message of [
      new Credentials(),
      { pin: new String(SECRET) },
      { [SECRET.slice(0, 7)]: `${SECRET}\ud800` },
      Symbol(SECRET),
    ]) {
      const error = await failureOf(kit.producer().publish(stream, message));
      expect(error).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
      expect(everything(error)).not.toContain(SECRET);
    }
  });

  test('a message that is invalid at very many places gives an error of a few lines', async () => {
    const stream = defineStream(kit.name('out'), { schema: z.record(z.string(), z.number()) });
    const message = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`${index}${'x'.repeat(1_000)}`, 'no']),
    );
    const error = (await failureOf(kit.producer().publish(stream, message as never))) as Error;
    expect(error.message).toContain('and 4990 more places');
    expect(everything(error).length).toBeLessThan(10_000);
  });
});
