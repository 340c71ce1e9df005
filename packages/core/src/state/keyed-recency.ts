/** What can stand in a `RecencyList`; the list's own business. */
export class RecencyLink {
  older: RecencyLink | undefined = undefined;
  newer: RecencyLink | undefined = undefined;
}

/**
 * The order of last use. A linked list, because taking a key out of a Map and putting it in again costs several times as
 * much, and the Map keeps a hole each time. All operations are O(1).
 */
export class RecencyList<T extends RecencyLink> {
  /** Closes the circle: newer than it is the oldest, older than it the newest. */
  readonly #end = new RecencyLink();

  constructor() {
    this.#end.older = this.#end;
    this.#end.newer = this.#end;
  }

  /** The one whose last use is longest ago. */
  get oldest(): T | undefined {
    const oldest = this.#end.newer;
    return oldest === this.#end ? undefined : (oldest as T);
  }

  /** Whether it is in the list; asked of links that are in no other list. */
  has(link: T): boolean {
    return link.newer !== undefined;
  }

  /** Adds one that is in no list as the most recently used. */
  add(link: T): void {
    const newest = this.#end.older!;
    link.older = newest;
    link.newer = this.#end;
    newest.newer = link;
    this.#end.older = link;
  }

  /** Takes one out that is in the list. */
  remove(link: T): void {
    link.older!.newer = link.newer;
    link.newer!.older = link.older;
    link.older = undefined;
    link.newer = undefined;
  }

  /** Makes one that is in the list the most recently used. */
  touch(link: T): void {
    if (this.#end.older === link) return;
    this.remove(link);
    this.add(link);
  }
}
