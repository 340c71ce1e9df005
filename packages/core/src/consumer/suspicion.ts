import type { FailedAttempt } from '../store/stored-consumer.js';
import type { Delivery } from '../transaction/delivery.js';

/**
 * Finds the message that ends the process each time (PROTOCOL P19, G10). While a consumer is under suspicion, messages
 * are read, handled and committed one by one, and before each a durable mark says that it is about to be handled. What
 * stays of the mark tells the next owner which message the process did not survive, and how often.
 */
export class Suspicion {
  #commitsLeft = 0;
  /** The message that earlier owners did not survive. */
  #known: FailedAttempt | undefined;
  /** The mark that the next commit writes. */
  #proposed: FailedAttempt | undefined;
  /** The mark that the store holds. */
  #stored: FailedAttempt | undefined;
  #hasSurvived = false;

  /** Whether messages go one by one. */
  get isActive(): boolean {
    return this.#commitsLeft > 0;
  }

  /** The stream of the message that earlier owners did not survive; it must come first. */
  get suspectStream(): string | undefined {
    return this.#known?.stream;
  }

  /** The mark that a commit is to carry. */
  get mark(): FailedAttempt | undefined {
    return this.#proposed;
  }

  /** Whether a commit must go out for the mark's sake. */
  get needsWrite(): boolean {
    return this.#proposed !== undefined || (this.#hasSurvived && this.#stored !== undefined);
  }

  /** Begins for so many commits, with what earlier owners left; 0 for no suspicion. */
  begin(left: FailedAttempt | undefined, commits: number): void {
    this.#commitsLeft = commits;
    this.#known = left;
    this.#stored = left;
    this.#proposed = undefined;
    this.#hasSurvived = false;
  }

  /** Nothing is left to suspect. */
  end(): void {
    this.#commitsLeft = 0;
    this.#known = undefined;
    this.#stored = undefined;
    this.#proposed = undefined;
  }

  /** How many processes this message has ended. */
  casualtiesOf(delivery: Delivery): number {
    return isOf(this.#known, delivery) ? this.#known!.count : 0;
  }

  /** Whether the store knows that this message is about to be handled by this process. */
  isMarked(delivery: Delivery): boolean {
    return isOf(this.#stored, delivery) && this.#stored!.count > this.casualtiesOf(delivery);
  }

  /** Asks for the mark of a message. */
  propose(delivery: Delivery): void {
    const { stream, id } = delivery;
    this.#hasSurvived = false;
    this.#proposed = { stream, id, count: this.casualtiesOf(delivery) + 1 };
  }

  /** A message's handler has settled, one way or the other, and the process lives. */
  survived(): void {
    this.#hasSurvived = true;
  }

  /** A commit of so many messages was applied, with this mark. */
  recorded(mark: FailedAttempt | undefined, messages: number): void {
    this.#stored = mark;
    if (mark !== undefined) this.#proposed = undefined;
    this.#commitsLeft = Math.max(0, this.#commitsLeft - messages);
  }
}

function isOf(mark: FailedAttempt | undefined, { stream, id }: Delivery): boolean {
  return mark !== undefined && mark.id === id && mark.stream === stream;
}
