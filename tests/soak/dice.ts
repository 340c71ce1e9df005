/** A source of chance that a seed replays. Give each part that runs on its own time one of its own. */
export class Dice {
  #state: number;

  constructor(seed: number | string) {
    this.#state = 2166136261;
    for (const byte of Buffer.from(String(seed))) this.#state = Math.imul(this.#state ^ byte, 16777619);
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

  /** Dice of their own for something that goes on by itself, so that it takes nothing from the others' sequence. */
  fork(): Dice {
    return new Dice(this.next());
  }
}
