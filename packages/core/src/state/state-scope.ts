import { ArrayHandler } from './array-handler.js';
import { Assignment } from './assignment.js';
import type { AttributeRules } from './attribute-rules.js';
import { refusal, type ValueCopier } from './copy-value.js';
import { DateHandler } from './date-handler.js';
import { article, className, kindOf } from './kind.js';
import { MapHandler } from './map-handler.js';
import { ObjectHandler, type Properties } from './object-handler.js';
import type { PathKey } from './path.js';
import { RootHandler } from './root-handler.js';
import { SetHandler } from './set-handler.js';
import type { HandlerScope, LiveIterator, TrackedHandler } from './tracked-handler.js';
import type { UndoLog } from './undo-log.js';

/** What all states of one declaration share. */
export interface ScopeContext {
  readonly copier: ValueCopier;
  readonly rules: AttributeRules;
}

function createHandler(scope: HandlerScope, target: object, parent: TrackedHandler, attribute: string): TrackedHandler {
  switch (kindOf(target)) {
    case 'plain object':
      return new ObjectHandler(scope, target as Properties, parent, attribute);
    case 'array':
      return new ArrayHandler(scope, target as unknown[], parent, attribute);
    case 'Map':
      return new MapHandler(scope, target as Map<unknown, unknown>, parent, attribute);
    case 'Set':
      return new SetHandler(scope, target as Set<unknown>, parent, attribute);
    case 'Date':
      return new DateHandler(scope, target as Date, parent, attribute);
    case undefined:
      throw refusal(parent.path(), `holds ${article(className(target))}, which state cannot hold`);
  }
}

/**
 * One message's view of the state. Everything that is reached through `root` belongs to it and throws
 * `TransactionClosedError` once it is closed, while the state goes on under the next one.
 */
export class StateScope implements HandlerScope {
  readonly log: UndoLog;
  readonly copier: ValueCopier;
  readonly #root: RootHandler;
  #isOpen = true;
  #iterators: Set<LiveIterator> | undefined;
  #assignments: Assignment[] | undefined;
  /** The proxies made so far; most messages touch one object or none, and need no Map. */
  #first: TrackedHandler | undefined;
  #others: Map<object, object> | undefined;

  constructor(container: Properties, log: UndoLog, context: ScopeContext) {
    this.log = log;
    this.copier = context.copier;
    this.#root = new RootHandler(this, container, context.rules);
  }

  /** The attributes, to be read and changed in place, as deep as you like. */
  get root(): Record<string, unknown> {
    return this.#root.proxy;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get iterators(): Set<LiveIterator> {
    this.#iterators ??= new Set();
    return this.#iterators;
  }

  take(value: unknown, place: TrackedHandler, key: PathKey): unknown {
    const { partsMet } = this.copier;
    const copy = this.copier.copy(value, place, key, place.depth + 1);
    // What holds parts of the state changes with them, so it cannot be compared afterwards.
    if (typeof value === 'object' && value !== null && this.copier.partsMet === partsMet) {
      (this.#assignments ??= []).push(new Assignment(value, copy, place, key));
    }
    return copy;
  }

  /** Throws `SerializationError` when an assigned object was changed behind the state's back; to be asked at the end. */
  demandNothingLost(): void {
    if (this.#assignments === undefined) return;
    for (const assignment of this.#assignments) assignment.demandUnchanged(this.copier);
  }

  wrap(target: object, parent: TrackedHandler, attribute: string): object {
    if (this.#first?.target === target) return this.#first.proxy;
    const known = this.#others?.get(target);
    if (known !== undefined) return known;
    const handler = createHandler(this, target, parent, attribute);
    if (this.#first === undefined) this.#first = handler;
    else (this.#others ??= new Map()).set(target, handler.proxy);
    return handler.proxy;
  }

  /** Ends the view. Closing it twice does nothing. */
  close(): void {
    this.#isOpen = false;
    this.#first = undefined;
    this.#others = undefined;
    this.#iterators = undefined;
    this.#assignments = undefined;
  }

  /** Calls `swap`, which changes the state and restores it, behind the back of unfinished iterators. */
  whileSuspended<T>(swap: () => T): T {
    if (this.#iterators === undefined) return swap();
    for (const iterator of this.#iterators) iterator.suspend();
    try {
      return swap();
    } finally {
      for (const iterator of this.#iterators) iterator.resume();
    }
  }
}
