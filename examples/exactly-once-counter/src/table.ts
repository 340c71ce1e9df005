import type { Count } from './checker.js';
import type { Result } from './victims.js';

/** Prints what happened and whether the books balance. */
export function printTable({ kills, verdict }: Result): void {
  const { streams, faults } = verdict;
  const kill = (name: string): string => String(kills.get(name));
  row('', 'kills', 'entries', 'duplicates', 'losses');
  row('producers: orders', `${kill('producer-a')} + ${kill('producer-b')}`, ...figures(streams.orders));
  row('payments', kill('payments'), ...figures(streams.payments));
  row('ledger', kill('ledger'), ...figures(streams.ledger));
  row('statements', kill('statements'), ...figures(streams.statements));
  if (kills.has('redis-server')) row('redis-server', kill('redis-server'));
  console.log(`Ordered by ${verdict.accounts} accounts: ${verdict.ordered}. In the ledger: ${verdict.balance}.`);
  for (const fault of faults.slice(0, 10)) console.log(`WRONG: ${fault}`);
  console.log(faults.length === 0 ? 'Every order exactly once, for every account.' : `${faults.length} faults.`);
}

function figures({ entries, duplicates, losses }: Count): string[] {
  return [entries, duplicates, losses].map(String);
}

function row(label: string, ...cells: readonly string[]): void {
  console.log(`${label.padEnd(18)}${cells.map((cell) => cell.padStart(12)).join('')}`.trimEnd());
}
