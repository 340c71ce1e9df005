import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { StateScope } from '../../src/state/state-scope.js';
import { TrackedState } from '../../src/state/tracked-state.js';
import { ordered, unshared } from './snapshots.js';
import { type Operation, operation, perform } from './state-programs.js';

type Properties = Record<string, unknown>;

type Step =
  | { readonly do: 'operate'; readonly op: Operation }
  | { readonly do: 'mark' }
  | { readonly do: 'reopen' }
  | { readonly do: 'reset' }
  | { readonly do: 'undo' | 'forget' | 'look'; readonly at: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ do: fc.constant('operate' as const), op: operation }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('mark' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reopen' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reset' as const) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('undo' as const, 'look' as const, 'look' as const), at: fc.nat(100) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), at: fc.nat(100) }) },
);

const defaults = (): Properties => ({
  count: 0,
  tree: { a: { b: 1, c: [1, 2] }, 5: 'five', d: 'd' },
  list: [3, { x: 1 }, 2],
  map: new Map<unknown, unknown>([
    ['k', { v: 1 }],
    [2, [1]],
    ['z', 0],
  ]),
  set: new Set([1, 'b', 3]),
  date: new Date(1_000),
});

const mismatch = (what: string, actual: unknown, expected: unknown) => {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, what).toEqual(expected);
};

/** Some operations fail in the language itself, such as sorting what has no text; they must fail alike. */
function problemOf(operate: () => void): string | undefined {
  try {
    operate();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** Runs a program on tracked state and on plain copies, one per mark. */
class Comparison {
  readonly state = new TrackedState({ defaults, undefinedProperties: 'deleted' });
  scope: StateScope = this.state.open();
  model: Properties = defaults();
  marks: { readonly mark: number; readonly model: Properties }[] = [{ mark: this.state.mark, model: defaults() }];

  run(next: Step): void {
    switch (next.do) {
      case 'operate':
        this.operate(next.op);
        break;
      case 'mark':
        this.marks.push({ mark: this.state.mark, model: unshared(this.model) });
        break;
      case 'reopen':
        this.reopen();
        break;
      case 'reset':
        this.reset();
        break;
      default:
        this.visit(next.do, next.at % this.marks.length);
    }
    mismatch('what a handler sees', ordered(this.scope.root), ordered(this.model));
  }

  operate(op: Operation): void {
    const problem = problemOf(() => perform(this.scope.root, (value) => value, op));
    expect(problem).toBe(problemOf(() => perform(this.model, unshared, op)));
  }

  reopen(): void {
    this.scope.close();
    this.scope = this.state.open();
  }

  reset(): void {
    this.state.reset();
    for (const name of Object.keys(this.model)) if (name.startsWith('extra')) delete this.model[name];
    Object.assign(this.model, defaults());
  }

  visit(what: 'undo' | 'forget' | 'look', at: number): void {
    const { mark, model } = this.marks[at]!;
    if (what === 'look') {
      mismatch('the raw state as of a mark', this.state.asOf(mark, ordered), ordered(model));
      mismatch('a copy as of a mark', ordered(this.state.copyAsOf(mark)), ordered(model));
    } else if (what === 'forget') {
      this.state.forget(mark);
      this.marks = this.marks.slice(at);
    } else {
      this.state.undoTo(mark);
      this.model = unshared(model);
      this.marks = this.marks.slice(0, at + 1);
      expect(this.state.mark).toBe(mark);
    }
  }
}

test('tracked state equals a plain copy per mark, values and order, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (program) => {
      const comparison = new Comparison();
      for (const next of program) comparison.run(next);
      comparison.visit('look', 0);
      comparison.visit('undo', 0);
      mismatch('the state at last', ordered(comparison.scope.root), ordered(comparison.model));
    }),
    { numRuns: Number(process.env['STATE_RUNS'] ?? 500) },
  );
}, 600_000);

test('a copy shares nothing with the state', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 20 }), (operations) => {
      const comparison = new Comparison();
      const before = comparison.state.copyAsOf(comparison.state.mark);
      for (const op of operations) comparison.operate(op);
      mismatch('the copy', ordered(before), ordered(defaults()));
    }),
  );
});
