import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { drawChart, escapeHtml } from './charts.mjs';
import { verdict } from './checks.mjs';
import { markdownTable, short, spread } from './format.mjs';
import { RESULTS } from './machine.mjs';

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}svg{display:block;margin:1rem 0;max-width:100%}
svg text{font:12px system-ui,sans-serif;fill:#333}svg text.title{font-weight:600;font-size:14px}
.own{fill:#2563a8}.other{fill:#b9c2cc}line{stroke:#555}polyline{fill:none;stroke:#2563a8;stroke-width:2}
.no{color:#b00020}.yes{color:#0a7d32}dt{font-weight:600}dd{margin:0}`;

/** The ratios against their targets. */
export function checksTable(results) {
  const rows = results.flatMap(({ checks }) =>
    checks.map((check) => [
      check.what,
      check.value === undefined ? '–' : `${spread(check.value)}${check.unit === undefined ? '' : ` ${check.unit}`}`,
      `${check.sense} ${check.must}`,
      check.aim === undefined ? '' : `${check.sense} ${check.aim}`,
      verdict(check),
    ]),
  );
  return {
    title: 'Against the targets (median, and least..most of the rounds)',
    columns: ['', 'measured', 'must', 'aim', 'met'],
    rows,
  };
}

/** Prints one suite's tables. */
export function printResult({ title, tables, notes, seconds }) {
  console.log(`\n## ${title} (${short(seconds)} s)\n`);
  for (const table of tables) console.log(`${table.title}\n\n${markdownTable(table)}\n`);
  for (const note of notes) console.log(`- ${note}`);
}

/** Writes a self-contained page and the figures as JSON; resolves with the path of the page. */
export async function writeReport(machine, command, results) {
  await mkdir(RESULTS, { recursive: true });
  const name = machine.date.replaceAll(/[^0-9]+/g, '-').replace(/-$/, '');
  const page = join(RESULTS, `${name}.html`);
  await writeFile(join(RESULTS, `${name}.json`), JSON.stringify({ machine, command, results }, undefined, 1));
  await writeFile(page, htmlOf(machine, command, results));
  return page;
}

function htmlOf(machine, command, results) {
  const facts = Object.entries({ ...machine, command }).map(
    ([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`,
  );
  const sections = results.map(
    ({ title, tables, charts, notes }) =>
      `<h2>${escapeHtml(title)}</h2>${charts.map(drawChart).join('')}${tables.map(htmlTable).join('')}` +
      `<ul>${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('')}</ul>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Benchmarks</title><style>${STYLE}</style>
<h1>Benchmarks</h1><dl>${facts.join('')}</dl>${htmlTable(checksTable(results))}${sections.join('')}</html>`;
}

function htmlTable({ title, columns, rows }) {
  const cell = (tag) => (content) => {
    const kind = content === 'no' || content === 'yes' ? ` class="${content}"` : '';
    return `<${tag}${kind}>${escapeHtml(content)}</${tag}>`;
  };
  const body = rows.map((row) => `<tr>${row.map(cell('td')).join('')}</tr>`).join('');
  return `<h3>${escapeHtml(title)}</h3><table><tr>${columns.map(cell('th')).join('')}</tr>${body}</table>`;
}
