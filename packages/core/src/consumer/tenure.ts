import { isArsError, StoppedError } from '../domain/errors.js';
import type { ArsError } from '../domain/errors.js';
import type { Token } from '../store/claim.js';
import type { ConsumerHome, StreamReader } from '../store/stream-store.js';
import { isAway, isNotNow } from './availability.js';
import { backoffMs } from './backoff.js';
import { claimAtOnce, claimInTurn } from './accession.js';
import type { Durability } from './durability.js';
import type { WatchControl } from './owner-watch.js';
import { Ownership } from './ownership.js';
import type { Claimed } from './ownership.js';
import type { ConsumerPlan } from './plan.js';
import { resolveDoubt } from './recovery.js';
import type { Doubt, Remembered, Resolution } from './recovery.js';
import { openSession } from './session.js';
import type { Session } from './session.js';

/**
 * A consumer's hold on its store: the connections, the claim, the heartbeat that shows life, and the doubt about all of
 * it once anything was lost. While there is doubt nothing may be handled or sent.
 */
export class Tenure {
  readonly #plan: ConsumerPlan;
  readonly #durability: Durability | undefined;
  readonly #onDoubt: () => void;
  readonly #ownership: Ownership;
  #session: Session | undefined;
  #doubt: Doubt | undefined;
  /** Recoveries since things last went well, to pace them. */
  #troubles = 0;
  #hasShownLife = false;
  #cancelHeartbeat: (() => void) | undefined;
  #interrupt: (() => void) | undefined;
  #isStopping = false;
  #isGivenUp = false;
  readonly #control: WatchControl = {
    isOff: () => this.#isStopping || this.#isGivenUp,
    rest: (delayMs) => this.#rest(delayMs),
  };

  constructor(plan: ConsumerPlan, durability: Durability | undefined, onDoubt: () => void) {
    this.#plan = plan;
    this.#durability = durability;
    this.#onDoubt = onDoubt;
    this.#ownership = new Ownership(plan);
  }

  get isDoubtful(): boolean {
    return this.#doubt !== undefined;
  }

  get home(): ConsumerHome {
    return this.#session!.home;
  }

  get reader(): StreamReader {
    return this.#session!.reader;
  }

  get token(): Token {
    return this.#ownership.token;
  }

  /**
   * Connects and claims, or answers `undefined` for a standby; on failure nothing stays open or claimed. A server that answers but cannot serve now (loading,
   * busy, out of memory) is tried again until it can; one that does not answer is not.
   */
  async begin(): Promise<Claimed | undefined> {
    for (;;) {
      try {
        return await this.#beginOnce();
      } catch (error) {
        if (!isNotNow(error)) throw error;
        if (!this.#isStopping) await this.#pause(error);
        if (this.#isStopping) throw this.#stopped();
      }
    }
  }

  /** Cuts a wait for the store short: the consumer is to stop. A start that is waiting is given up. */
  hasten(): void {
    this.#isStopping = true;
    this.#interrupt?.();
  }

  /** Something was lost, or the store said it was rewound: nothing goes on before `resolve`. */
  suspect(kind: Doubt['kind'], error?: unknown): void {
    if (this.#doubt?.kind !== 'stale') this.#doubt = { kind, error: isArsError(error) ? error : undefined };
    this.#onDoubt();
  }

  /**
   * Looks at the store over new connections. Returns `undefined` when that failed for now (the doubt stays; call
   * again). Throws what ends the consumer: `FencedError`, `StateLostError`, what is wrong with the
   * stored data, or that the store was closed.
   */
  async resolve(remembered: Omit<Remembered, 'history'>): Promise<Resolution['verdict'] | undefined> {
    const doubt = this.#doubt!;
    const { history } = this.#session!;
    this.#session!.close();
    await this.#pause(doubt.error);
    if (this.#isGivenUp) return undefined;
    try {
      const { session, verdict } = await this.#settleDoubt(doubt, { ...remembered, history });
      this.#session = session;
      this.#doubt = undefined;
      if (this.#isGivenUp) session.close();
      return verdict;
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#doubt = { kind: doubt.kind, error };
      return undefined;
    }
  }

  /** A commit that turned out to be applied must have reached the durability asked for, too, before it counts. */
  async #settleDoubt(doubt: Doubt, remembered: Remembered): Promise<Resolution> {
    const resolution = await resolveDoubt(doubt, remembered, this.#plan, this.#ownership);
    try {
      if (resolution.verdict.kind === 'applied') await this.#durability?.reach(resolution.session.home, this.token);
      return resolution;
    } catch (error) {
      resolution.session.close();
      throw error;
    }
  }

  /** Asks the store whether this owner still holds the consumer; where it does not, or there is no answer, that is a doubt. */
  async confirm(): Promise<boolean> {
    return (await this.#beat(this.#session!)) && !this.isDoubtful;
  }

  /** A commit was acknowledged, which shows life as well as a heartbeat does. */
  prospered(): void {
    this.#troubles = 0;
    this.#hasShownLife = true;
  }

  /** Gives the claim up, as far as the store can be reached, and closes the connections. True when the store answered. */
  async end(): Promise<boolean> {
    this.#cancelHeartbeat?.();
    const session = this.#session;
    const mayRelease = session !== undefined && !this.isDoubtful && !this.#isGivenUp && this.token.owner !== '';
    try {
      if (mayRelease) await session.home.release(this.token);
      return mayRelease;
    } catch (error) {
      this.#plan.logger.debug(`Consumer "${this.#plan.address.consumerId}" could not release its claim.`, error);
      return false;
    } finally {
      session?.close();
    }
  }

  /** Stops waiting for the store, at once. */
  giveUp(): void {
    this.#isGivenUp = true;
    this.#durability?.giveUp();
    this.#session?.close();
    this.hasten();
  }

  /** Claims when the owner has released or is silent; `undefined` when stopped before. */
  async takeTurn(): Promise<Claimed | undefined> {
    while (!this.#control.isOff()) {
      try {
        this.#session ??= await this.#open();
        const claimed = await claimInTurn(this.#session, this.#plan, this.#ownership, this.#control);
        if (claimed !== undefined) return await this.#enter(claimed);
      } catch (error) {
        if (!isAway(error)) throw error;
        this.#session?.close();
        this.#session = undefined;
        if (!this.#control.isOff()) await this.#pause(error);
      }
    }
    return undefined;
  }

  async #beginOnce(): Promise<Claimed | undefined> {
    const session = await this.#open();
    this.#session = session;
    try {
      if (this.#isGivenUp) throw this.#stopped();
      const claimed = await claimAtOnce(session, this.#plan, this.#ownership, this.#control);
      return claimed === undefined ? undefined : await this.#enter(claimed);
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** The consumer is owned: finds out whether the store can keep what was promised, and shows life from now on. */
  async #enter(claimed: Claimed): Promise<Claimed> {
    await this.#durability?.probe(this.home, this.token);
    this.#scheduleHeartbeat();
    return claimed;
  }

  #open(): Promise<Session> {
    const { source, store, address, environment } = this.#plan;
    return openSession(source, store, address, environment);
  }

  #stopped(): StoppedError {
    return new StoppedError(`Consumer "${this.#plan.address.consumerId}" was stopped before it had started.`);
  }

  /** Waits before looking again, longer each time; the first time not at all. */
  async #pause(error: ArsError | undefined): Promise<void> {
    this.#troubles += 1;
    const { environment, logger, address } = this.#plan;
    const delayMs = this.#troubles === 1 ? 0 : backoffMs(this.#troubles - 1, 50, 2_000, environment);
    const why = error?.message ?? 'the store gave a doubtful answer.';
    logger.warn(
      `Consumer "${address.consumerId}" of "${address.scope}" looks at the store again in ${Math.round(delayMs)} ms: ${why}`,
    );
    if (delayMs > 0 && !this.#isGivenUp) await this.#rest(delayMs);
  }

  async #rest(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.#plan.environment.after(delayMs, resolve);
      this.#interrupt = () => {
        cancel();
        resolve();
      };
    });
    this.#interrupt = undefined;
  }

  #scheduleHeartbeat(): void {
    this.#cancelHeartbeat = this.#plan.environment.after(this.#plan.leaseMs / 3, () => {
      this.#scheduleHeartbeat();
      if (!this.#hasShownLife && !this.isDoubtful) void this.#beat(this.#session!);
      this.#hasShownLife = false;
    });
  }

  async #beat(session: Session): Promise<boolean> {
    try {
      const isHeld = await this.#ownership.heartbeat(session);
      if (!isHeld && session === this.#session) this.suspect('lost');
      return isHeld && session === this.#session;
    } catch (error) {
      if (session === this.#session && !this.#isGivenUp) this.suspect('lost', error);
      return false;
    }
  }
}
