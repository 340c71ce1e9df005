import { TransactionClosedError } from '../domain/errors.js';
import { cloneState } from './copy-value.js';
import type { Properties } from './object-handler.js';
import { OUTERMOST } from './path.js';
import { StateScope } from './state-scope.js';
import { type TrackedStateOptions, TrackedStateTemplate } from './tracked-state-template.js';
import { UndoLog } from './undo-log.js';

export type { StateScope } from './state-scope.js';
export type { TrackedStateOptions } from './tracked-state-template.js';

/**
 * The state of one consumer or key, changed in place under an undo log (G5, P11, P15). It owns the raw values: handlers
 * see proxies of them through a `StateScope`, one per message; every write goes through the log; every value that comes
 * in is copied. So no write is missed, and undoing costs in proportion to what was written.
 *
 * A mark is a position in the log. Messages are undone, forgotten (once committed) or looked at as of a mark.
 */
export class TrackedState {
  readonly #template: TrackedStateTemplate;
  readonly #log = new UndoLog();
  #container: Properties;
  #scope: StateScope | undefined;

  /**
   * Starts with the values, which are the state's from then on, and the defaults for the rest; see `restore`. States of
   * one declaration share a template. Throws `SerializationError` for a default that state cannot hold.
   */
  constructor(options: TrackedStateOptions | TrackedStateTemplate, values?: ReadonlyMap<string, unknown>) {
    this.#template = options instanceof TrackedStateTemplate ? options : new TrackedStateTemplate(options);
    this.#container = this.#template.container(values);
  }

  /** Names of the declared attributes, sorted by code units. */
  get declared(): readonly string[] {
    return this.#template.rules.declared;
  }

  /** Whether an attribute is declared. */
  declares(name: string): boolean {
    return this.#template.rules.declares(name);
  }

  /** Why a value cannot take the place of an attribute's default, or `undefined`; see `AttributeRules`. */
  kindProblem(name: string, value: unknown): string | undefined {
    return this.#template.rules.kindProblem(name, value);
  }

  /**
   * Replaces everything: declared attributes come first, in the order of their declaration, with their default where
   * they are missing; the others follow by name. The values are the state's from then on. Closes the open scope and
   * forgets every mark; does not check kinds (`kindProblem` does).
   */
  restore(values: ReadonlyMap<string, unknown>): void {
    const container = this.#template.container(values);
    this.#scope?.close();
    this.#scope = undefined;
    this.#log.forget(this.#log.mark);
    this.#container = container;
  }

  /** Opens a view for one message. Throws `TypeError` while another is open. */
  open(): StateScope {
    if (this.#scope?.isOpen === true) throw new TypeError('a scope of this state is still open');
    this.#scope = new StateScope(this.#container, this.#log, this.#template);
    return this.#scope;
  }

  /** Ends a view. There may be a state for each of many keys, which then does not keep it alive. Ending it twice does nothing. */
  close(scope: StateScope): void {
    scope.close();
    if (this.#scope === scope) this.#scope = undefined;
  }

  /** The present position in the log. Grows with every write; only undoing lowers it. */
  get mark(): number {
    return this.#log.mark;
  }

  /** The oldest mark that can be undone to: everything before it was forgotten. */
  get oldestMark(): number {
    return this.#log.oldestMark;
  }

  /**
   * Takes back every write after the mark, newest first. Throws `TypeError` for a mark that was forgotten or never was.
   * Parts of the state that an open scope gave out stay valid, but its iterators over Maps and Sets lose their place.
   */
  undoTo(mark: number): void {
    this.#log.undoTo(mark);
  }

  /** Gives up undoing what was written before the mark, and frees it. Marks stay what they are. */
  forget(mark: number): void {
    this.#log.forget(mark);
  }

  /** The attributes that were written to between two marks, at any depth, also with the value they had. */
  changed(from: number, to: number): Set<string> {
    return this.#log.changed(from, to);
  }

  /**
   * Calls `read` with the raw attributes as they were at the mark, by undoing and redoing what was written since. `read`
   * is synchronous, keeps none of the objects and changes nothing; writes of a handler in between throw `TypeError`.
   */
  asOf<T>(mark: number, read: (values: Readonly<Record<string, unknown>>) => T): T {
    if (mark === this.#log.mark) return this.#log.asOf(mark, () => read(this.#container));
    const swap = () => this.#log.asOf(mark, () => read(this.#container));
    return this.#scope === undefined ? swap() : this.#scope.whileSuspended(swap);
  }

  /** A deep, independent copy of all attributes as they were at the mark. */
  copyAsOf(mark: number): Record<string, unknown> {
    return this.asOf(mark, (values) => cloneState(values, OUTERMOST, 0));
  }

  /** Sets every declared attribute to a fresh default and deletes all others, as writes of the open scope. */
  reset(): void {
    if (this.#scope?.isOpen !== true)
      throw new TransactionClosedError('the state was reset after its message was over');
    const { root } = this.#scope;
    for (const name of Object.keys(root)) {
      if (!this.#template.rules.declares(name)) delete root[name];
    }
    Object.assign(root, this.#template.defaults());
  }
}
