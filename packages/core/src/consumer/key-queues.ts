/** Something that has its turn after all earlier ones of the same key. */
export interface Keyed {
  readonly key: string | undefined;
}

/** Lets things of one key go one after another, and those without a key at once. */
export class KeyQueues<T extends Keyed> {
  readonly #queues = new Map<string, T[]>();

  /** Joins the queue of its key; true when it is the first there. */
  join(one: T): boolean {
    if (one.key === undefined) return true;
    const queue = this.#queues.get(one.key);
    if (queue === undefined) this.#queues.set(one.key, [one]);
    else queue.push(one);
    return queue === undefined;
  }

  /** The first of a key leaves; answers the one whose turn it is now. */
  leave({ key }: T): T | undefined {
    if (key === undefined) return undefined;
    const queue = this.#queues.get(key)!;
    queue.shift();
    if (queue.length === 0) this.#queues.delete(key);
    return queue[0];
  }

  clear(): void {
    this.#queues.clear();
  }
}
