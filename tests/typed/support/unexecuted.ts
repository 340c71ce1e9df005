/** Code that the compiler checks and nobody runs. */
export function unexecuted(_code: () => unknown): void {}
