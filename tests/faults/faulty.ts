import type { Redis } from 'ioredis';
import { COMMIT } from '../../packages/redis-protocol/src/scripts/commit.js';
import { CLAIM } from '../../packages/redis-protocol/src/scripts/claim.js';
import { RENEW } from '../../packages/redis-protocol/src/scripts/renew.js';
import type { Script } from '../../packages/redis-protocol/src/script.js';
import type { FaultProxy, RequestPredicate } from '../support/proxy.js';
import { RespClient, type RespReply } from '../support/resp.js';

const calls =
  ({ sha, body }: Script): RequestPredicate =>
  (request) =>
    request.includes(sha) || request.includes(body);

/** Matches the requests that commit. */
export const isCommit: RequestPredicate = calls(COMMIT);
/** Matches the requests that claim a consumer. */
export const isClaim: RequestPredicate = calls(CLAIM);
/** Matches the requests that claim on a server that does not know the script, such as one just started. */
export const isFirstClaim: RequestPredicate = (request) => request.includes(CLAIM.body);
/** Matches the requests that renew a claim. */
export const isRenewal: RequestPredicate = calls(RENEW);

/** Matches the first renewal on a server that does not know the script: the one that runs. */
export const isFirstRenewal: RequestPredicate = (request) => request.includes(RENEW.body);

/** Makes the server know the commit, so that the first request of it is the one that runs, not one answered NOSCRIPT. */
export async function loadCommit(client: Redis): Promise<void> {
  await client.script('LOAD', COMMIT.body);
}

/** Calls back for each matching request that passes from now on, before it is forwarded. Faults nothing by itself. */
export function watch(
  proxy: FaultProxy,
  matches: RequestPredicate,
  seen: (request: Buffer, count: number) => void,
): void {
  let count = 0;
  void proxy.loseNextReply((request) => {
    if (matches(request)) seen(request, (count += 1));
    return false;
  });
}

/** Resolves to the next matching request. With `cut` it never reaches the server, and all links break. */
export async function capture(proxy: FaultProxy, matches: RequestPredicate, fate: 'cut' | 'pass'): Promise<Buffer> {
  let captured: Buffer | undefined;
  const passed = new Promise<void>((resolve) => {
    watch(proxy, matches, (request, count) => {
      if (count > 1) return;
      captured = Buffer.from(request);
      if (fate === 'cut') proxy.cutAll();
      resolve();
    });
  });
  const vain = new Error('no such request has passed; do child processes run an outdated build?');
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => (limit = setTimeout(() => reject(vain), 20_000)));
  await Promise.race([passed, late]).finally(() => clearTimeout(limit));
  return captured!;
}

/** Loses the reply of every `nth` matching request from now on. Answers how many were lost so far. */
export function loseEvery(proxy: FaultProxy, nth: number, matches: RequestPredicate): () => number {
  let seen = 0;
  let lost = 0;
  const arm = (): void => {
    const loss = proxy.loseNextReply((request) => matches(request) && (seen += 1) % nth === 0);
    void loss.then(() => {
      lost += 1;
      arm();
    });
  };
  arm();
  return () => lost;
}

/**
 * Sends every `nth` matching request to the server a second time, on a connection of its own, so that either copy may
 * be the first. Answers the replies that the copies got so far.
 */
export function duplicateEvery(proxy: FaultProxy, nth: number, { matches, port }: Duplication): () => RespReply[] {
  const replies: RespReply[] = [];
  watch(proxy, matches, (request, count) => {
    if (count % nth === 0) void deliver(Buffer.from(request), port).then((reply) => replies.push(reply));
  });
  return () => replies;
}

/** Which requests are sent twice, and the port of the server they are for. */
export interface Duplication {
  readonly matches: RequestPredicate;
  readonly port: number;
}

/** Delivers a captured request to a server, over a connection of its own: a packet that comes late, or twice. */
export async function deliver(request: Buffer, port: number): Promise<RespReply> {
  const client = await RespClient.connect(port);
  try {
    return await client.send(...argumentsOf(request));
  } finally {
    client.close();
  }
}

function argumentsOf(request: Buffer): Buffer[] {
  const args: Buffer[] = [];
  let at = request.indexOf('\r\n') + 2;
  while (at < request.length) {
    const lineEnd = request.indexOf('\r\n', at);
    const start = lineEnd + 2;
    const length = Number(request.toString('latin1', at + 1, lineEnd));
    args.push(request.subarray(start, start + length));
    at = start + length + 2;
  }
  return args;
}
