import type { FaultPoint, PlannedFault, StoreCall } from './fault.js';
import type { FaultPlan } from './fault-plan.js';
import { faultError, type FaultyLink } from './faulty-link.js';

/** The two ways to a store. */
export interface Routes<T> {
  /** Over the connection that the call was made on. */
  readonly direct: () => Promise<T>;
  /** Over one of its own, for what arrives when that is gone, or a second time. Absent where nobody would notice. */
  readonly late?: () => Promise<T>;
}

/** What a courier can do to the process whose calls it carries. */
export interface Victim {
  readonly name: string;
  cut(): void;
  kill(): void;
}

/** Carries calls to a store and answers back, and lets happen on the way what the plan says. */
export class Courier {
  readonly #plan: FaultPlan;
  readonly #victim: Victim;

  constructor(plan: FaultPlan, victim: Victim) {
    this.#plan = plan;
    this.#victim = victim;
  }

  /** Carries one call. It rejects as soon as its link is cut; what was sent before arrives nevertheless. */
  async carry<T>(link: FaultyLink, call: StoreCall, routes: Routes<T>): Promise<T> {
    link.check();
    return link.until(this.#carry(link, call, routes));
  }

  async #carry<T>(link: FaultyLink, call: StoreCall, routes: Routes<T>): Promise<T> {
    const planned = this.#plan.take(`before-${call}`);
    if (planned !== undefined) await this.#suffer(planned, `before-${call}`, routes);
    const answering = this.#deliver(link, routes);
    if (planned?.fault === 'delay') planned.settle(answering);
    const answer = await answering;
    await this.#back(`after-${call}`, routes, answer);
    return answer;
  }

  async #deliver<T>(link: FaultyLink, { direct, late }: Routes<T>): Promise<T> {
    await this.#plan.travel();
    return link.isCut && late !== undefined ? late() : direct();
  }

  async #back<T>(point: FaultPoint, routes: Routes<T>, answer: T): Promise<void> {
    const planned = this.#plan.take(point);
    if (planned?.fault === 'delay') planned.settle(Promise.resolve(answer));
    if (planned !== undefined) await this.#suffer(planned, point, routes);
    await this.#plan.travel();
  }

  async #suffer<T>(planned: PlannedFault, point: FaultPoint, { direct, late }: Routes<T>): Promise<void> {
    const released = planned.hold();
    switch (planned.fault) {
      case 'delay':
        return released;
      case 'duplicate':
        planned.settle(released.then(late ?? direct));
        return undefined;
      case 'lose':
        break;
      case 'cut':
        this.#victim.cut();
        break;
      case 'kill':
        this.#victim.kill();
        break;
    }
    throw faultError(this.#victim.name, `${planned.fault} at ${point}`, point.startsWith('before') ? false : 'unknown');
  }
}
