import type { Environment } from '../domain/environment.js';
import { FencedError, StateLostError } from '../domain/errors.js';
import type { Token } from '../store/claim.js';
import type { Inspection, StoredRecord, StreamCursor } from '../store/stored-consumer.js';
import type { StreamReader } from '../store/stream-store.js';
import { admit } from './admission.js';
import type { Checkpoint } from './admission.js';
import { lossBehind } from './losses.js';
import type { ConsumerPlan } from './plan.js';
import type { Session } from './session.js';

/** How long to wait before looking again at a consumer that changed meanwhile. */
const REST_MS = 10;

/** What a successful claim gives. */
export interface Claimed {
  readonly epoch: number;
  readonly checkpoint: Checkpoint;
  readonly commitId: string;
  /** Whether the last owner may have died of a message: it neither released nor was taken over alive. */
  readonly isSuspicious: boolean;
}

/** How a renewal found the stored record. */
export type Renewed = { readonly outcome: 'held'; readonly commitId: string } | { readonly outcome: 'overtaken' };

/**
 * Who owns the consumer: claims, renewals and their rules (PROTOCOL P1–P3). A claim is made only after everything
 * stored was inspected and found fit, so that a wrong build never fences a healthy owner. Keeps G3.
 */
export class Ownership {
  readonly #plan: ConsumerPlan;
  readonly #environment: Environment;
  #owner = '';
  #renewal = 0;
  #epoch = 0;
  #hasOwned = false;

  constructor(plan: ConsumerPlan) {
    this.#plan = plan;
    this.#environment = plan.environment;
  }

  get token(): Token {
    return { owner: this.#owner, renewal: this.#renewal };
  }

  get epoch(): number {
    return this.#epoch;
  }

  /**
   * Inspects, then claims; begins again when another claim came between. With a condition that what is stored does not
   * meet, claims nothing and answers `undefined`.
   */
  async claim(
    session: Session,
    mayClaim: (record: StoredRecord | undefined) => boolean = () => true,
  ): Promise<Claimed | undefined> {
    const { address, state } = this.#plan;
    for (;;) {
      const inspection = await session.home.inspect();
      const before = admit(inspection, address, state);
      if (!mayClaim(inspection.record)) return undefined;
      const problem = await lossBehind(session.reader, before.cursors, this.#plan);
      if (problem !== undefined) {
        if (!(await hasMoved(session, inspection))) throw problem;
        await this.#rest();
        continue;
      }
      const starts = await this.#starts(session.reader, before.cursors);
      const expectedEpoch = inspection.record?.epoch ?? 0;
      const request = { expectedEpoch, ownEpoch: this.#epoch, owner: this.#environment.uniqueToken(), starts };
      // Remembered before the answer: if that is lost, the next renewal tells whether the claim was applied.
      this.#owner = request.owner;
      this.#renewal = 0;
      this.#epoch = Math.max(expectedEpoch, this.#epoch) + 1;
      const answer = await session.home.claim(request);
      if (answer.outcome === 'conflict') {
        await this.#rest();
        continue;
      }
      if (inspection.record !== undefined) this.#warnAboutOldOwner(inspection.record.owner, inspection.record.quietMs);
      const checkpoint = admit(answer.inspection, address, state);
      const isSuspicious = this.#suspects(inspection.record);
      this.#hasOwned = true;
      return { epoch: answer.epoch, checkpoint, commitId: answer.inspection.record!.commitId, isSuspicious };
    }
  }

  /** Somebody else is at work on the consumer: it is given time to get on. */
  async #rest(): Promise<void> {
    await new Promise<void>((resolve) => this.#environment.after(REST_MS, resolve));
  }

  #suspects(record: StoredRecord | undefined): boolean {
    return this.#plan.deadLetter !== undefined && !this.#hasOwned && record !== undefined && record.owner !== '';
  }

  /** Renews on a new session after a doubt; throws `FencedError` or `StateLostError` where nothing can be renewed. */
  async renew(session: Session): Promise<Renewed> {
    this.#renewal += 1;
    const answer = await session.home.renew(this.token);
    const { consumerId: consumer, scope: stream } = this.#plan.address;
    if (answer.outcome === 'gone') {
      throw new StateLostError(`The record of consumer "${consumer}" is gone: it was deleted or evicted.`, {
        stream,
        consumer,
      });
    }
    if (answer.outcome === 'held') return answer;
    // A lower epoch means that this owner's takeover itself was lost in a failover.
    if (answer.epoch < this.#epoch) return { outcome: 'overtaken' };
    throw new FencedError(
      `Consumer "${consumer}" of "${stream}" was taken over by another owner; nothing of this one's later work was stored.`,
      { stream, consumer },
    );
  }

  /** Shows life without changing anything; true while the token holds. */
  async heartbeat(session: Session): Promise<boolean> {
    return (await session.home.renew(this.token)).outcome === 'held';
  }

  async #starts(reader: StreamReader, known: readonly StreamCursor[]): Promise<StreamCursor[]> {
    const { address, start } = this.#plan;
    const starts: StreamCursor[] = [];
    for (const stream of address.streams) {
      if (!known.some((cursor) => cursor.stream === stream)) starts.push(await reader.locate(stream, start));
    }
    return starts;
  }

  #warnAboutOldOwner(owner: string, quietMs: number): void {
    if (owner === '' || quietMs > this.#plan.leaseMs) return;
    const { consumerId, scope } = this.#plan.address;
    this.#plan.logger.warn(
      `Consumer "${consumerId}" of "${scope}" took over from owner ${owner.slice(0, 8)}, which showed life ${Math.round(quietMs)} ms ago ` +
        `and did not release (now ${this.#owner.slice(0, 8)}). If it still runs, it is fenced.`,
    );
  }
}

/** Whether an owner still at work has committed since: then what vanished had been read, and must be looked at anew. */
async function hasMoved({ home }: Session, { record }: Inspection): Promise<boolean> {
  return (await home.inspect()).record?.commitId !== record?.commitId;
}
