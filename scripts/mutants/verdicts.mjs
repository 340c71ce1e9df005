/** Whether a verdict is what it should be. */
export function isGood({ kind }) {
  return kind === 'killed' || kind === 'equivalent';
}

/** One verdict in one line. */
export function lineOf(verdict) {
  return `${verdict.mutant.name} -> ${whatOf(verdict)}`;
}

/** All verdicts, as a table in Markdown. */
export function tableOf(verdicts) {
  const rows = verdicts.map((verdict) => `| ${verdict.mutant.name} | ${whatOf(verdict).replaceAll('|', '\\|')} |`);
  return ['| mutant | what becomes of it |', '| --- | --- |', ...rows].join('\n');
}

/** How many there are of each kind. */
export function summaryOf(verdicts) {
  const count = (kind) => verdicts.filter((verdict) => verdict.kind === kind).length;
  const others = verdicts.filter((verdict) => !isGood(verdict)).map(({ mutant, kind }) => `${mutant.name} (${kind})`);
  const line = `${verdicts.length} mutants: ${count('killed')} killed, ${count('equivalent')} equivalent, ${others.length} not`;
  return others.length === 0 ? line : `${line}: ${others.join(', ')}`;
}

function whatOf({ kind, killer, what, isWide }) {
  if (kind !== 'killed') return `${kind === 'equivalent' ? kind : kind.toUpperCase()}: ${what}`;
  const how = /timed out/i.test(killer.message) ? ', by its time limit' : '';
  return `killed by "${killer.name}" (${killer.file}${how}${isWide ? '; found by the wider run' : ''})`;
}
