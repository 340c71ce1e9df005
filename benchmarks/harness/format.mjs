/** A number with about three digits that matter. */
export function short(value) {
  if (value === undefined || Number.isNaN(value)) return '–';
  if (typeof value !== 'number') return String(value);
  const size = Math.abs(value);
  if (size >= 10_000) return Number(value.toPrecision(4)).toLocaleString('en-US');
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** Median, and the least and the most of all rounds. */
export function spread({ median, min, max }) {
  return `${short(median)} (${short(min)}..${short(max)})`;
}

/** A table in Markdown, aligned for reading in a terminal. */
export function markdownTable({ columns, rows }) {
  const cells = [columns, ...rows.map((row) => row.map(String))];
  const widths = columns.map((_, index) => Math.max(3, ...cells.map((row) => row[index].length)));
  const isText = columns.map((_, index) => index === 0);
  const line = (row) =>
    `| ${row.map((cell, i) => (isText[i] ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join(' | ')} |`;
  const rule = `| ${widths.map((width, i) => (isText[i] ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(cells[0]), rule, ...cells.slice(1).map(line)].join('\n');
}
