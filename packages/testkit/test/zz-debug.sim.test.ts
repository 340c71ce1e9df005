import { test } from 'vitest';
import { writeFileSync } from 'node:fs';
import { simulate } from '../src/index.js';
test('debug', async () => {
  for (const seed of process.env['DSEEDS']!.split(',').map(Number)) {
  const lines: string[] = [];
  await simulate({ seed, onTrace: (l) => lines.push(l) }).then((r) => lines.push(JSON.stringify(r.counts)), (e) => lines.push(...(e.problems ?? [String(e)])));
  writeFileSync(`/tmp/simrun/${seed}.txt`, lines.join('\n'));
  }
}, 600000);
