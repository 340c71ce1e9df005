/** A simulation found a promise broken. Its seed repeats it exactly. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError';
  readonly seed: number;
  /** What is wrong, one sentence each. */
  readonly problems: readonly string[];
  /** Everything that happened, in order, with the virtual time in milliseconds. */
  readonly trace: readonly string[];

  constructor(seed: number, problems: readonly string[], trace: readonly string[], cause?: unknown) {
    const more = problems.length > 5 ? [`… and ${problems.length - 5} more`] : [];
    const shown = [...problems.slice(0, 5), ...more].map((problem) => `\n- ${problem}`).join('');
    const last = trace.slice(-30).join('\n');
    super(
      `Seed ${seed} breaks what was promised:${shown}\nThe end of what happened:\n${last}`,
      cause === undefined ? undefined : { cause },
    );
    this.seed = seed;
    this.problems = problems;
    this.trace = trace;
  }
}
