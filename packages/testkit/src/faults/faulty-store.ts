import type {
  AppendAnswer,
  AppendRequest,
  AuditFinding,
  ConsumerAddress,
  ConsumerHome,
  DurabilityKind,
  EntryId,
  MoveAnswer,
  MoveRequest,
  RegisteredConsumer,
  Retention,
  StreamCursor,
  StreamReader,
  StreamStore,
} from '@ars/core';
import { Courier, type Victim } from './courier.js';
import type { StoreCall } from './fault.js';
import { createFaultPlan, type FaultPlan } from './fault-plan.js';
import { faultError, FaultyLink } from './faulty-link.js';

/** A store seen by one process to which faults happen. */
export interface FaultyStore extends StreamStore {
  /** The plan that it was made with. */
  readonly faults: FaultPlan;
  /** Resolves when the process is killed, by a fault or by `kill`. */
  readonly killed: Promise<void>;
  readonly isKilled: boolean;
  /** Every open reader and home fails from now on; new ones can be opened. What was sent before still arrives. */
  cut(): void;
  /** The process is dead: every call fails from now on. What was sent before still arrives. */
  kill(): void;
}

/**
 * Puts faults between one process and a store. Give each process that is to die alone a faulty store of its own over
 * the same store. Closing it closes what was opened through it, and not the store itself.
 */
export function faultyStore(store: StreamStore, plan: FaultPlan = createFaultPlan()): FaultyStore {
  return new FaultyProcess(store, plan);
}

class FaultyProcess implements FaultyStore, Victim {
  readonly name: string;
  readonly durability: readonly DurabilityKind[];
  readonly faults: FaultPlan;
  readonly killed: Promise<void>;
  readonly #store: StreamStore;
  readonly #courier: Courier;
  readonly #links = new Set<FaultyLink>();
  readonly #calls: FaultyLink;
  #resolveKilled!: () => void;
  #end: string | undefined;
  #isKilled = false;

  constructor(store: StreamStore, plan: FaultPlan) {
    this.name = store.name;
    this.durability = store.durability;
    this.faults = plan;
    this.killed = new Promise((resolve) => (this.#resolveKilled = resolve));
    this.#store = store;
    this.#courier = new Courier(plan, this);
    this.#calls = new FaultyLink(store.name, () => {});
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  async openReader(): Promise<StreamReader> {
    this.#check();
    const reader = await this.#store.openReader();
    const link = this.#link(reader);
    const carry = <T>(call: StoreCall, direct: () => Promise<T>): Promise<T> =>
      this.#courier.carry(link, call, { direct });
    return {
      get history() {
        return reader.history;
      },
      locate: (stream, start) => carry('locate', () => reader.locate(stream, start)),
      read: (request) => carry('read', () => reader.read(request)),
      close: () => link.cut('the reader was closed'),
    };
  }

  async openHome(address: ConsumerAddress): Promise<ConsumerHome> {
    this.#check();
    const home = await this.#store.openHome(address);
    const link = this.#link(home);
    const carry = <T>(call: StoreCall, act: (at: ConsumerHome) => Promise<T>): Promise<T> =>
      this.#courier.carry(link, call, { direct: () => act(home), late: () => this.#late(address, home.history, act) });
    return {
      history: home.history,
      inspect: () => carry('inspect', (at) => at.inspect()),
      claim: (request) => carry('claim', (at) => at.claim(request)),
      renew: (token) => carry('renew', (at) => at.renew(token)),
      commit: (token, commit) => carry('commit', (at) => at.commit(token, commit)),
      release: (token) => carry('release', (at) => at.release(token)),
      glance: () => carry('glance', (at) => at.glance()),
      persist: (token, level) => carry('persist', (at) => at.persist(token, level)),
      load: (token, keys) => carry('load', (at) => at.load(token, keys)),
      scan: (from, count) => carry('scan', (at) => at.scan(from, count)),
      close: () => link.cut('the home was closed'),
    };
  }

  append(request: AppendRequest): Promise<AppendAnswer> {
    return this.#send('append', () => this.#store.append(request));
  }

  trim(stream: string, retention: Retention): Promise<number> {
    return this.#send('trim', () => this.#store.trim(stream, retention));
  }

  register(address: ConsumerAddress, cursors: readonly StreamCursor[]): Promise<void> {
    return this.#send('register', () => this.#store.register(address, cursors));
  }

  unregister(address: ConsumerAddress): Promise<boolean> {
    return this.#send('unregister', () => this.#store.unregister(address));
  }

  move(request: MoveRequest): Promise<MoveAnswer> {
    return this.#send('move', () => this.#store.move(request));
  }

  async consumers(stream: string): Promise<readonly RegisteredConsumer[]> {
    this.#check();
    return this.#store.consumers(stream);
  }

  async audit(): Promise<readonly AuditFinding[]> {
    this.#check();
    return this.#store.audit();
  }

  async tail(streams: readonly string[]): Promise<readonly EntryId[]> {
    this.#check();
    return this.#store.tail(streams);
  }

  placementProblem(home: string, stream: string): string | undefined {
    return this.#store.placementProblem(home, stream);
  }

  async close(): Promise<void> {
    this.#finish('the store was closed');
  }

  cut(): void {
    for (const link of this.#links) link.cut('the connection was cut');
  }

  kill(): void {
    if (this.#isKilled) return;
    this.#isKilled = true;
    this.#finish('the process was killed');
    this.#resolveKilled();
  }

  /** Carries a call that writes from outside a consumer, on no connection in particular. */
  async #send<T>(call: StoreCall, act: () => Promise<T>): Promise<T> {
    this.#check();
    return this.#courier.carry(this.#calls, call, { direct: act, late: act });
  }

  #finish(reason: string): void {
    this.#end ??= reason;
    this.#calls.cut(reason);
    for (const link of this.#links) link.cut(reason);
  }

  #check(): void {
    if (this.#end !== undefined) throw faultError(this.name, this.#end, false);
  }

  #link(opened: { close(): void }): FaultyLink {
    const link = new FaultyLink(this.name, () => {
      this.#links.delete(link);
      opened.close();
    });
    this.#links.add(link);
    if (this.#end !== undefined) link.cut(this.#end);
    return link;
  }

  /** What was sent arrives at the server that it was sent to, or nowhere: it dies with its server. */
  async #late<T>(
    address: ConsumerAddress,
    history: string | undefined,
    act: (home: ConsumerHome) => Promise<T>,
  ): Promise<T> {
    const home = await this.#store.openHome(address);
    try {
      if (home.history !== history) throw faultError(this.name, 'the server that it was sent to is gone', 'unknown');
      return await act(home);
    } finally {
      home.close();
    }
  }
}
