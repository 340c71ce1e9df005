import { Context } from './harness/context.mjs';
import { markdownTable } from './harness/format.mjs';
import { describeMachine } from './harness/machine.mjs';
import { readOptions } from './harness/options.mjs';
import { checksTable, printResult, writeReport } from './harness/report.mjs';
import { SUITES } from './suites/suites.mjs';

const options = readOptions(process.argv.slice(2));
if (options.list) {
  for (const { name, title } of SUITES) console.log(`${name.padEnd(16)} ${title}`);
  process.exit(0);
}
const unknown = options.only?.find((name) => !SUITES.some((suite) => suite.name === name));
if (unknown !== undefined) {
  console.error(`There is no benchmark ${unknown}; --list names them.`);
  process.exit(1);
}

// Leaving by `exit` ends the server, and with it every child.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const context = new Context(options);
const machine = await context.withServer({}, ({ url }) => describeMachine(url, options));
for (const [name, value] of Object.entries(machine)) console.log(`${name.padEnd(10)} ${value}`);

const results = [];
for (const suite of SUITES) {
  if (options.only !== undefined && !options.only.includes(suite.name)) continue;
  process.stderr.write(`${suite.title} …\n`);
  const start = performance.now();
  let result;
  try {
    result = await suite.run(context);
  } catch (error) {
    result = { tables: [], charts: [], checks: [], notes: [`failed: ${error.stack ?? error}`] };
  }
  results.push({ name: suite.name, title: suite.title, seconds: (performance.now() - start) / 1_000, ...result });
  printResult(results.at(-1));
}

const table = checksTable(results);
if (table.rows.length > 0) console.log(`\n## ${table.title}\n\n${markdownTable(table)}`);
const command = ['node benchmarks/run.mjs', ...process.argv.slice(2)].join(' ');
console.log(`\nReport: ${await writeReport(machine, command, results)}`);
process.exit(0);
