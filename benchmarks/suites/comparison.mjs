import { short, spread } from '../harness/format.mjs';
import { alternate, failures, series } from '../harness/rounds.mjs';
import { median, summary } from '../harness/statistics.mjs';

/**
 * Alternates throughput runs that differ in few options. Each contestant has a `title`, a `contender`, a `client` and
 * whatever else its run takes; `shared` are options of all.
 */
export function compare(context, server, contestants, shared) {
  return alternate(context.options.rounds, contestants, (entry, round) => {
    const id = `${entry.title}-${round}`.replaceAll(/[^a-z0-9]+/gi, '-');
    const { title: _, results: _results, failure: _failure, ...own } = entry;
    const input = { url: server.url, publishEvery: 10, ...shared, ...own, id, out: `out-${id}` };
    return context.inChild('contenders/throughput-run.mjs', 'throughputRun', input);
  });
}

/** The usual columns of a comparison. */
export function costTable(title, entries) {
  const rows = entries
    .filter(({ results }) => results.length > 0)
    .map((entry) => [
      entry.title,
      spread(summary(series(entry, 'rate'))),
      short(median(series(entry, 'clientUs'))),
      short(median(series(entry, 'serverUs'))),
      short(median(series(entry, 'rss')) / 1e6),
      short(median(series(entry, 'heapUsed')) / 1e6),
    ]);
  return { title, columns: ['', 'messages/s', 'client µs', 'server µs', 'rss MB', 'heap MB'], rows };
}

/** A result of a suite that is one comparison. */
export function comparisonResult(title, entries, more = {}) {
  const ran = entries.filter(({ results }) => results.length > 0);
  const bars = ran.map((entry) => ({ label: entry.title, ...summary(series(entry, 'rate')) }));
  return {
    tables: [costTable(title, entries)],
    charts: [{ kind: 'bars', title: `${title}: messages a second`, bars }],
    checks: [],
    ...more,
    notes: [...(more.notes ?? []), ...failures(entries)],
  };
}
