import { ConfigurationError, StoreUnavailableError, type DurabilityLevel, type Token } from '@ars/core';
import { RedisReplyError, type RedisReply } from '../driver.js';
import { failureOf, reasonOf } from '../failure.js';
import type { Link } from '../link/link.js';
import type { OpenLink } from '../link/open-link.js';
import { runScript } from '../script.js';
import { RENEW } from '../scripts/renew.js';

/** What waiting for durability needs. */
export interface DurabilityParts {
  readonly open: () => Promise<OpenLink>;
  /** The history of the server that the home commits to. */
  readonly server: string | undefined;
  readonly record: string;
  readonly storeName: string;
}

/**
 * Waits until a home's commits have reached replicas or the disk, on a connection of its own that is made when first
 * needed: WAIT and WAITAOF hold up their connection, and look at the last write of that connection only. So a sign of
 * life is written there first. Replication and the append-only file are one sequence each, so whatever has that write
 * has every commit before it.
 */
export class Durability {
  readonly #parts: DurabilityParts;
  #link: Link | undefined;
  #isClosed = false;

  constructor(parts: DurabilityParts) {
    this.#parts = parts;
  }

  /** Whether the level is reached in time. `lastCommit` is the last commit known to be applied, if one is. */
  async persist(token: Token, level: DurabilityLevel, lastCommit: string | undefined): Promise<boolean> {
    if (!level.fsync && level.replicas === 0) return true;
    const link = await this.#open();
    if (!(await this.#showLife(link, token, lastCommit))) return false;
    const waitMs = Math.max(1, Math.ceil(level.timeoutMs)); // 0 would wait for ever
    if (!level.fsync) return ((await this.#wait(link, ['WAIT'], level, waitMs)) as number) >= level.replicas;
    const [disks, replicas] = (await this.#wait(link, ['WAITAOF', '1'], level, waitMs)) as [number, number];
    return disks >= 1 && replicas >= level.replicas;
  }

  /** Ends the connection; a wait under way rejects. */
  close(): void {
    this.#isClosed = true;
    this.#link?.close();
  }

  async #open(): Promise<Link> {
    if (this.#link?.isClosed === false) return this.#link;
    const { link, history } = await this.#parts.open();
    if (this.#isClosed) {
      link.close();
      throw this.#unavailable('the home is closed', 'CLOSED');
    }
    if (history !== this.#parts.server) {
      link.close();
      throw this.#unavailable('another server answers than the one that was committed to', 'HISTORY');
    }
    this.#link = link;
    return link;
  }

  /** Writes what is waited for. A token that holds no more has nothing there, and so nothing that would be safe. */
  async #showLife(link: Link, token: Token, lastCommit: string | undefined): Promise<boolean> {
    const reply = await this.#call('renew the claim', () =>
      runScript(link, RENEW, [this.#parts.record], [token.owner, String(token.renewal)]),
    );
    const [outcome, commitId] = (reply as Buffer[]).map(String);
    if (outcome !== 'held') return false;
    if (lastCommit === undefined || commitId === lastCommit) return true;
    throw this.#unavailable('the last commit is not there any more', 'HISTORY');
  }

  #wait(link: Link, command: readonly string[], { replicas }: DurabilityLevel, waitMs: number): Promise<RedisReply> {
    const args = [...command, String(replicas), String(waitMs)];
    return this.#call('wait for durability', () => link.send(args, waitMs));
  }

  async #call(verb: string, work: () => Promise<RedisReply>): Promise<RedisReply> {
    const { storeName: store } = this.#parts;
    try {
      return await work();
    } catch (error) {
      throw (error instanceof RedisReplyError && this.#misfit(error.message)) || failureOf(error, { store, verb });
    }
  }

  /** What a server says that cannot give the level. */
  #misfit(text: string): Error | undefined {
    const { storeName } = this.#parts;
    if (/replica instances/.test(text)) return this.#unavailable('is a read-only replica', 'READONLY');
    const cure = cureOf(text);
    if (cure === undefined) return undefined;
    return new ConfigurationError(`${storeName} cannot wait for durability: ${cure}`, { reason: reasonOf(text) });
  }

  #unavailable(what: string, reason: string): StoreUnavailableError {
    return new StoreUnavailableError(`${this.#parts.storeName}: ${what}`, { reason, ran: false });
  }
}

function cureOf(text: string): string | undefined {
  if (/unknown command .?waitaof/i.test(text))
    return 'its version has no WAITAOF; upgrade to Redis 7.2 or Valkey 7.2, or ask for replicas without fsync';
  if (/appendonly is disabled/i.test(text))
    return "its append-only file is off; set 'appendonly yes', or ask for replicas without fsync";
  if (reasonOf(text) === 'NOPERM') return 'its user lacks the right to WAIT or WAITAOF; grant +wait and +waitaof';
  return undefined;
}
