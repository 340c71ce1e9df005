/** Lets one loop wait until anybody has something for it; signals before the wait are not lost. */
export class Wake {
  #resolve: (() => void) | undefined;
  #isSignalled = false;

  signal(): void {
    this.#isSignalled = true;
    this.#resolve?.();
    this.#resolve = undefined;
  }

  async wait(): Promise<void> {
    if (!this.#isSignalled) await new Promise<void>((resolve) => (this.#resolve = resolve));
    this.#isSignalled = false;
  }
}
