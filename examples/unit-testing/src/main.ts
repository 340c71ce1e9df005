import { run } from 'node:test';
import { fileURLToPath } from 'node:url';

// `npm test` runs the same tests with `node --test`; this prints them without times, so that the output is always the same.
let failed = 0;
for await (const { type, data } of run({ files: [fileURLToPath(new URL('stock.test.js', import.meta.url))] })) {
  if (type === 'test:pass') console.log(`ok      ${data.name}`);
  if (type === 'test:fail') {
    failed += 1;
    console.log(`FAILED  ${data.name}: ${data.details.error.message}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
