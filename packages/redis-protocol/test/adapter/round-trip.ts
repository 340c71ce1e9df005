import { randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { ConsumerAddress, StreamStore } from '@ars/core';

/** A hash tag that no other test uses, so that tests can share a server. */
export const freshTag = (): string => `t${randomBytes(6).toString('hex')}`;

/** The address of a consumer of `{tag}in`, without state. */
export function addressOf(tag: string, streams: readonly string[] = [`{${tag}}in`]): ConsumerAddress {
  return {
    consumerId: 'c',
    home: tag,
    scope: streams[0]!,
    streams,
    readsHere: true,
    stateName: undefined,
    isKeyed: false,
  };
}

/** What a round trip did, for a test to look at. */
export interface RoundTrip {
  readonly read: readonly string[];
  readonly outcome: string;
  readonly published: string;
}

/** What a round trip does where all is well. */
export const DONE = { read: ['n=1'], outcome: 'committed', published: expect.stringMatching(/^\d+-\d+$/) as string };

/** Appends, reads, claims and commits once through a store: everything a consumer asks of it. */
export async function roundTrip(store: StreamStore, tag: string): Promise<RoundTrip> {
  const input = `{${tag}}in`;
  const output = `{${tag}}out`;
  const { id } = await store.append({ stream: input, fields: ['n', '1'], idempotencyKey: undefined });
  const reader = await store.openReader();
  const home = await store.openHome(addressOf(tag));
  const start = await reader.locate(input, 'beginning');
  const owner = randomBytes(16).toString('hex');
  const claimed = await home.claim({ expectedEpoch: 0, ownEpoch: 0, owner, starts: [start] });
  if (claimed.outcome !== 'claimed') throw new Error('conflict');
  const [now] = await reader.read({ cursors: [start], maxEntries: 10, maxBytes: 1e6, waitMs: 0 });
  const commit = {
    commitId: randomBytes(16).toString('hex'),
    base: claimed.inspection.record!.commitId,
    cursors: [now!.cursor],
    state: { header: { version: 0, serializer: 'json', declared: ['n'] }, set: [['n', '1']], deleted: [] },
    publishes: [{ stream: output, fields: ['of', id] }],
    attempt: undefined,
    suspect: undefined,
  } as const;
  const { outcome } = await home.commit({ owner, renewal: 0 }, commit);
  const [published] = await store.tail([output]);
  reader.close();
  home.close();
  return { read: now!.entries.map((entry) => entry.fields.join('=')), outcome, published: published! };
}
