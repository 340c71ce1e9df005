import { parseArgs } from 'node:util';
import { runSoak } from './soak.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string' },
    round: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const seconds = values.seconds === undefined ? Number(values.minutes ?? 10) * 60 : Number(values.seconds);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
const roundSeconds = Number(values.round ?? 20);
if (!(seconds > 0 && roundSeconds > 0 && Number.isSafeInteger(seed))) {
  console.error('usage: node scripts/soak.mjs [--minutes 10 | --seconds 30] [--seed 42] [--round 20] [--trace]');
  process.exit(2);
}

// The servers end when this process exits, which an unhandled signal would not let them see.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

console.log(`Faults for ${seconds} s, checked every ${roundSeconds} s. Seed ${seed}.`);
const started = performance.now();
const elapsed = (): string => ((performance.now() - started) / 1_000).toFixed(1);
const trace = values.trace ? (event: string) => console.log(`  ${elapsed()} s: ${event}`) : () => {};
const figures = await runSoak({ seed, seconds, roundSeconds, log: console.log, trace });
console.log(`\nAfter ${elapsed()} s:`);
for (const line of figures.lines()) console.log(line);
const isExact = figures.findings.length === 0 && figures.orders > 0;
console.log(isExact ? '\nexact' : `\nWRONG: run again with --seed ${seed}`);
process.exitCode = isExact ? 0 : 1;
