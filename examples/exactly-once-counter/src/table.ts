import type { Count } from './checker.js';
import type { Result } from './victims.js';

/** Prints what happened and whether the books balance. */
export function printTable({ kills, verdict }: Result): void {
  const all = [...kills.values()].reduce((sum, count) => sum + count, 0);
  row('killed with SIGKILL', ['times']);
  for (const [name, count] of kills) row(`  ${name}`, [count]);
  row('  together', [all]);
  row('in the streams', ['entries', 'duplicates', 'losses']);
  for (const [name, count] of Object.entries(verdict.streams)) row(`  ${name}`, figures(count));
  row(`balance of ${verdict.accounts} accounts`, []);
  row('  ordered', [verdict.ordered]);
  row('  in the ledger', [verdict.balance]);
  for (const fault of verdict.faults.slice(0, 10)) console.log(`WRONG: ${fault}`);
  console.log(verdict.faults.length === 0 ? 'Every order exactly once.' : `${verdict.faults.length} faults.`);
}

function figures({ entries, duplicates, losses }: Count): number[] {
  return [entries, duplicates, losses];
}

function row(label: string, cells: readonly (string | number)[]): void {
  console.log(`${label.padEnd(24)}${cells.map((cell) => String(cell).padStart(12)).join('')}`.trimEnd());
}
