const WIDTH = 760;
const LABEL = 300;
const ROW = 22;

/** Draws a chart as SVG: bars with the spread of their rounds, or lines over a logarithmic axis. */
export function drawChart(chart) {
  return chart.kind === 'bars' ? drawBars(chart) : drawLines(chart);
}

function drawBars({ title, bars }) {
  const most = Math.max(...bars.map(({ max }) => max), 0);
  const scale = (value) => (most === 0 ? 0 : (value / most) * (WIDTH - LABEL - 80));
  const rows = bars.map(({ label, median, min, max }, index) => {
    const y = 30 + index * ROW;
    const kind = label.startsWith('ars') || label.includes(': ars') ? 'own' : 'other';
    return [
      text(LABEL - 8, y + 14, label, 'end'),
      `<rect class="${kind}" x="${LABEL}" y="${y + 3}" width="${scale(median).toFixed(1)}" height="14"/>`,
      line(LABEL + scale(min), y + 10, LABEL + scale(max), y + 10),
      text(LABEL + scale(max) + 6, y + 14, figure(median)),
    ].join('');
  });
  return frame(title, 40 + bars.length * ROW, rows.join(''));
}

function drawLines({ title, series }) {
  const points = series.flatMap((one) => one.points).filter(([, y]) => y !== undefined);
  if (points.length === 0) return frame(title, 60, text(20, 45, 'not measured'));
  const xs = points.map(([x]) => Math.log10(x));
  const most = Math.max(...points.map(([, y]) => y));
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const at = ([x, y]) => [
    60 + ((Math.log10(x) - low) / Math.max(1e-9, high - low)) * (WIDTH - 160),
    230 - (y / most) * 180,
  ];
  const drawn = series.map(({ name, points: all }) => {
    const known = all.filter(([, y]) => y !== undefined);
    const path = known
      .map((point) =>
        at(point)
          .map((value) => value.toFixed(1))
          .join(','),
      )
      .join(' ');
    const marks = known.map((point) => {
      const [x, y] = at(point);
      return `<circle class="own" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="3"/>${text(x + 5, y - 6, figure(point[1]))}${text(x, 250, figure(point[0]), 'middle')}`;
    });
    return `<polyline points="${path}"/>${marks.join('')}${text(WIDTH - 90, at(known.at(-1))[1], name)}`;
  });
  return frame(title, 265, line(60, 230, WIDTH - 80, 230) + drawn.join(''));
}

function frame(title, height, content) {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">${text(8, 18, title, 'start', 'title')}${content}</svg>`;
}

function text(x, y, content, anchor = 'start', kind = '') {
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;
}

function line(x1, y1, x2, y2) {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}"/>`;
}

function figure(value) {
  return value >= 1_000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(3)));
}

/** Makes any text safe inside HTML. */
export function escapeHtml(content) {
  return String(content).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
