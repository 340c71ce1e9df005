/** A source of chance that a seed replays. Give each part that runs on its own time one of its own. */
export class Dice {
  #state: number;

  constructor(seed: number | string) {
    this.#state = [...String(seed)].reduce(
      (mixed, character) => Math.imul(mixed ^ character.codePointAt(0)!, 16777619),
      2166136261,
    );
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1));
  }

  /** One of some, each as likely. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.between(0, choices.length - 1)]!;
  }
}
