import { isArsError } from '@ars/core';
import type { RedisReply } from '../driver.js';
import { failureOf } from '../failure.js';
import type { KeyLayout } from '../key-layout.js';
import type { Sender } from '../link/link.js';
import type { StoreSettings } from '../options.js';
import type { ControlLinks } from './control-links.js';

const RETRY_DELAY_MS = 50;

/** The server refused because the key is served elsewhere, or will be: nothing ran, and another connection may do. */
const ELSEWHERE = new Set<unknown>(['ASK', 'MOVED', 'READONLY', 'TRYAGAIN']);
/** The connection will not do again: a node that has lost the others may never find them. */
const LEADS_NOWHERE = new Set<unknown>([...ELSEWHERE, 'CLUSTERDOWN']);
/** The server is away, or on its way back. */
const AWAY = new Set<unknown>(['BUSY', 'CLUSTERDOWN', 'CONNECTION', 'LOADING', 'MASTERDOWN', 'TIMEOUT']);

/** What calls from outside consumers are made with. */
export interface OutsideParts {
  readonly links: ControlLinks;
  readonly layout: KeyLayout;
  readonly settings: StoreSettings;
  readonly storeName: string;
}

/** One call: which stream it is about, and what it is. */
export interface OutsideCall {
  readonly stream: string;
  /** Completes "cannot …". */
  readonly verb: string;
  /** Whether refused content is a `CommitError`; otherwise it is a `ConfigurationError`. Default false. */
  readonly isCommit?: boolean;
  /** Whether it may run twice, so that it is sent again when nobody knows whether it ran. */
  readonly isRepeatable: boolean;
}

/** Makes calls on the control links, and makes them again where that is safe, for twice the command timeout. */
export class OutsideCalls {
  readonly #parts: OutsideParts;

  constructor(parts: OutsideParts) {
    this.#parts = parts;
  }

  /** Tries again where that is safe: always when the server is elsewhere, and when it is away if repeating changes nothing. */
  async make(call: OutsideCall, work: (link: Sender) => Promise<RedisReply>): Promise<RedisReply> {
    const giveUpAt = performance.now() + 2 * this.#parts.settings.commandTimeoutMs;
    for (;;) {
      try {
        return await this.#once(call, work);
      } catch (error) {
        const reason = isArsError(error, 'ARS_STORE_UNAVAILABLE') ? error.details['reason'] : undefined;
        const isSafe = ELSEWHERE.has(reason) || (call.isRepeatable && AWAY.has(reason));
        if (!isSafe || performance.now() + RETRY_DELAY_MS > giveUpAt) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS));
      }
    }
  }

  async #once(call: OutsideCall, work: (link: Sender) => Promise<RedisReply>): Promise<RedisReply> {
    const { links, layout, storeName } = this.#parts;
    const { stream, verb, isCommit = false } = call;
    const key = layout.stream(stream);
    const link = await links.linkFor(key);
    try {
      return await work(link);
    } catch (error) {
      const failure = failureOf(error, { store: storeName, verb, stream, isCommit });
      if (isArsError(failure) && LEADS_NOWHERE.has(failure.details['reason'])) links.forget(key);
      throw failure;
    }
  }
}
