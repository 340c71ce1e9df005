import { committedEntries, type Evidence } from '../evidence.js';
import { nameOf } from '../simulated-fold.js';

/** G2: every entry up to the position is in the state, once, in the order of its stream, and nothing else is. */
export function checkOnceInOrder(evidence: Evidence): string[] {
  return evidence.consumers.flatMap((consumer) => {
    const { spec, state } = consumer;
    if (spec.isStateless) return [];
    const seen = state?.seen ?? [];
    const problems = spec.inputs.flatMap((stream) => {
      const expected = committedEntries(evidence, consumer, stream).map(({ n }) => nameOf(stream, n));
      const found = seen.filter((name) => name.startsWith(nameOf(stream, '')));
      return firstDifference(found, expected, `${spec.id} has seen of ${stream}`);
    });
    const known = spec.inputs.map((stream) => nameOf(stream, ''));
    const foreign = seen.filter((name) => !known.some((prefix) => name.startsWith(prefix)));
    return foreign.length === 0
      ? problems
      : [...problems, `${spec.id} has seen what is not its own: ${foreign.join(', ')}`];
  });
}

/** Where two lists differ first, as a sentence; none when they are equal. */
export function firstDifference(found: readonly string[], expected: readonly string[], what: string): string[] {
  const length = Math.max(found.length, expected.length);
  for (let index = 0; index < length; index += 1) {
    if (found[index] === expected[index]) continue;
    const [one, other] = [found[index] ?? 'nothing', expected[index] ?? 'nothing'];
    return [
      `what ${what}, at ${index}: ${one} instead of ${other} (${found.length} instead of ${expected.length} in all)`,
    ];
  }
  return [];
}
