// Shows that the tests notice when a check is missing: takes each check of the commit script, the claim script and the
// recovery path away in turn, in a copy of the checkout, and says which test fails for it.
//   node scripts/mutants.mjs                  all of them; ends with a table, and fails if one survives or is stale
//   node scripts/mutants.mjs --only commit    those of one area, or one by its name; may be given several times
//   node scripts/mutants.mjs --narrow         what survives its own tests is not tried on all others, which takes minutes each
//   node scripts/mutants.mjs --list           their names, without running any test; fails if one is stale
import { parseArgs } from 'node:util';
import { Copy, createCopy } from './mutants/copy.mjs';
import { MUTANTS } from './mutants/list.mjs';
import { Trials } from './mutants/trials.mjs';
import { isGood, lineOf, summaryOf, tableOf } from './mutants/verdicts.mjs';
import { root } from './run.mjs';

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, narrow: { type: 'boolean' }, list: { type: 'boolean' } },
});

const isChosen = ({ name }) =>
  values.only === undefined || values.only.some((only) => name === only || name.startsWith(`${only}/`));

async function main() {
  const mutants = MUTANTS.filter(isChosen);
  if (values.list === true) {
    const checkout = new Copy(root);
    const counts = mutants.map(({ file, find }) => checkout.count(file, find));
    for (const [n, { name, file }] of mutants.entries())
      console.log(`${name}  ${file}${counts[n] === 1 ? '' : `  STALE: its text occurs ${counts[n]} times`}`);
    process.exit(counts.every((count) => count === 1) ? 0 : 1);
  }
  const copy = await createCopy(root);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
  const trials = new Trials(copy, values.narrow === true);
  process.once('exit', () => {
    trials.end();
    copy.remove();
  });
  await trials.takeBaseline(mutants);
  const verdicts = [];
  for (const mutant of mutants) {
    const verdict = await trials.judge(mutant);
    verdicts.push(verdict);
    console.log(`${verdicts.length}/${mutants.length} ${lineOf(verdict)}`);
  }
  console.log(`\n${tableOf(verdicts)}\n\n${summaryOf(verdicts)}`);
  process.exit(mutants.length > 0 && verdicts.every(isGood) ? 0 : 1);
}

await main();
