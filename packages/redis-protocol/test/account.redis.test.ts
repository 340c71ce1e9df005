import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createRedisStore, type RedisConnection, type RedisDriver, type RedisReply } from '@ars/redis-protocol';
import type { StreamCursor } from '@ars/core';
import { freshTag, Scene } from './support/fixture.js';
import { RawDriver } from './support/raw-driver.js';
import { idsAfter, Ledger, StreamModel } from './support/stream-model.js';

/** A step of a history. Numbers choose among what exists at the time. */
type Change =
  | { readonly kind: 'add'; readonly gaps: readonly number[] }
  | { readonly kind: 'trim'; readonly length: number }
  | { readonly kind: 'delete'; readonly picks: readonly number[] };
type Step =
  | Change
  | {
      readonly kind: 'read';
      readonly maxEntries: number;
      readonly isWaiting: boolean;
      /** Behind which command of the read others come in. */
      readonly behind: 'XREAD' | 'XRANGE';
      readonly meanwhile: readonly Change[];
    }
  | { readonly kind: 'rewind' };

const change: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      gaps: fc.array(fc.nat(2), { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('trim' as const), length: fc.nat(12) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('delete' as const),
      picks: fc.array(fc.nat(30), { minLength: 1, maxLength: 4 }),
    }),
  },
);
const read = fc.record({
  kind: fc.constant('read' as const),
  maxEntries: fc.nat(6),
  isWaiting: fc.boolean(),
  behind: fc.constantFrom('XREAD' as const, 'XRANGE' as const),
  meanwhile: fc.oneof(fc.constant([]), fc.array(change, { maxLength: 3 })),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: change },
  { weight: 4, arbitrary: read },
  { weight: 1, arbitrary: fc.constant({ kind: 'rewind' as const }) },
);

let scene: Scene;
beforeAll(async () => {
  scene = await Scene.open(inject('redisUrl'));
});
afterAll(() => scene.close());

/** A driver whose connections let a test act between a read and what is sent behind it. */
class MeddlingDriver extends RawDriver implements RedisDriver {
  meddle: ((behind: string) => Promise<void>) | undefined;

  override async connect(): Promise<RedisConnection> {
    const connection = await super.connect();
    let previous = '';
    let turn: Promise<unknown> = Promise.resolve();
    const send = (args: readonly (string | Uint8Array)[]): Promise<RedisReply> => {
      const behind = previous;
      previous = String(args[0]);
      const reply = turn.then(async () => {
        await this.meddle?.(behind);
        return connection.send(args);
      });
      turn = reply.catch(() => {});
      return reply;
    };
    return {
      send,
      get isOpen() {
        return connection.isOpen;
      },
      close: () => connection.close(),
    };
  }
}

async function apply(stream: string, model: StreamModel, { ...step }: Change): Promise<void> {
  if (step.kind === 'add') {
    for (const gap of step.gaps) {
      const id = model.nextId(gap);
      await scene.do('XADD', stream, id, 'f', 'v');
      model.add(id);
    }
  } else if (step.kind === 'trim') {
    await scene.do('XTRIM', stream, 'MAXLEN', step.length);
    model.trimTo(step.length);
  } else {
    const { existing } = model;
    const ids = existing.length === 0 ? [] : step.picks.map((pick) => existing[pick % existing.length]!);
    for (const id of ids) await scene.do('XDEL', stream, id);
    model.remove(ids);
  }
}

test.each([
  ['packed', 'high'],
  ['plain', 'low'],
] as const)(
  '%s reads report exactly what vanished unread, whatever was done to the stream, and when',
  async (_, cost) => {
    const driver = new MeddlingDriver(inject('redisUrl'), { parserCost: cost });
    const store = createRedisStore(driver);
    const reader = await store.openReader();
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 4 }),
        fc.array(step, { minLength: 5, maxLength: 30 }),
        async (before, steps) => {
          const stream = `{${freshTag()}}s`;
          const model = new StreamModel();
          for (const earlier of before) await apply(stream, model, earlier);
          let cursor: StreamCursor = await reader.locate(stream, 'beginning');
          let ledger = new Ledger(model.unaccounted(new Set()));
          let past = { cursor, ledger: ledger.copy() };
          for (const step of steps) {
            if (step.kind === 'rewind') {
              ({ cursor, ledger } = { cursor: past.cursor, ledger: past.ledger.copy() });
            } else if (step.kind !== 'read') {
              await apply(stream, model, step);
            } else {
              if (past.cursor.read % 3 === 0) past = { cursor, ledger: ledger.copy() };
              const there = idsAfter(model.existing, cursor.position).slice(0, step.maxEntries);
              // Waiting in vain takes the server up to 100 ms, so few histories do.
              const isWaiting =
                step.isWaiting && step.maxEntries > 0 && (there.length > 0 || step.meanwhile.length === 3);
              let isPending = true;
              driver.meddle = async (behind) => {
                if (!isPending || behind !== step.behind) return;
                isPending = false;
                for (const meanwhile of step.meanwhile) await apply(stream, model, meanwhile);
              };
              const [result] = await reader.read({
                cursors: [cursor],
                maxEntries: step.maxEntries,
                maxBytes: 1e6,
                waitMs: isWaiting ? 1 : 0,
              });
              driver.meddle = undefined;
              expect(result!.regressed).toBe(false);
              // A read may begin anew when it sees that others came in between; one that waited, if it had found nothing.
              const later = idsAfter(model.existing, cursor.position).slice(0, step.maxEntries);
              const mayBeginAnew = !isPending && (!isWaiting || there.length === 0);
              const possible = mayBeginAnew ? [there, later] : [there];
              expect(possible).toContainEqual(result!.entries.map(({ id }) => id));
              expect(result!.lost).toBe(ledger.take(result!, model));
              cursor = result!.cursor;
            }
          }
          await scene.do('DEL', stream);
        },
      ),
      { numRuns: 400 },
    );
    await store.close();
  },
);
