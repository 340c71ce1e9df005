import { pairedRatio, summary } from './statistics.mjs';
import { series } from './rounds.mjs';

/** A target of the form "the first, divided by the second, is at least this", over the values of one name. */
export function atLeast(what, entry, other, { must, aim, name = 'rate' }) {
  return { what, must, aim, sense: '≥', value: ratio(entry, other, name) };
}

/** A target of the form "… is at most this". */
export function atMost(what, entry, other, { must, aim, name }) {
  return { what, must, aim, sense: '≤', value: ratio(entry, other, name) };
}

/** A target for a figure itself. */
export function figureAtMost(what, entry, { must, aim, name, unit }) {
  const values = entry === undefined ? [] : series(entry, name);
  return { what, must, aim, unit, sense: '≤', value: values.length === 0 ? undefined : summary(values) };
}

function ratio(entry, other, name) {
  if (entry === undefined || other === undefined) return undefined;
  const rounds = Math.min(entry.results.length, other.results.length);
  if (rounds === 0) return undefined;
  return pairedRatio(series(entry, name).slice(0, rounds), series(other, name).slice(0, rounds));
}

/** Whether the median meets the target: 'yes', 'no', or 'not measured'. Nothing else depends on it. */
export function verdict({ value, must, sense }) {
  if (value === undefined) return 'not measured';
  return (sense === '≥' ? value.median >= must : value.median <= must) ? 'yes' : 'no';
}
