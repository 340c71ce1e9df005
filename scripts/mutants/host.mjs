// Keeps one vitest ready in a copy of the checkout, so that a run costs its tests and not its start. Started by
// `TestHost`, with which it speaks by messages: { filters, changed, isFirstEnough } one way, what became of it the other.
import { relative } from 'node:path';
import { createVitest } from 'vitest/node';

/** Runs files in the order in which they were asked for. */
class AsAsked {
  shard(specifications) {
    return specifications;
  }
  sort(specifications) {
    return specifications;
  }
}

/** Collects what happens in one run; vitest itself also tells of the runs before. */
class Run {
  passed = 0;
  failed = [];
  brokenFiles = [];

  onTestCaseResult(test) {
    const { state, errors } = test.result();
    if (state === 'passed') this.passed += 1;
    const file = relative(root, test.module.moduleId);
    if (state === 'failed') this.failed.push({ name: test.fullName, file, message: errors?.[0]?.message ?? '' });
  }

  onTestModuleEnd(module) {
    if (module.errors().length > 0) this.brokenFiles.push(relative(root, module.moduleId));
  }
}

const root = process.cwd();
let run = new Run();
const reporter = {
  onTestCaseResult: (test) => run.onTestCaseResult(test),
  onTestModuleEnd: (module) => run.onTestModuleEnd(module),
};
const options = { watch: false, maxWorkers: 1, reporters: [reporter], sequence: { sequencer: AsAsked } };
const vitest = await createVitest('test', options);
await vitest.standalone();
// A test that waits in vain for what a mutant never does need not take half a minute to say so.
for (const { config } of vitest.projects) config.testTimeout = Math.min(config.testTimeout, 15_000);
const position = (filters, { moduleId }) => filters.findIndex((filter) => moduleId.includes(filter));

async function answer({ filters, changed, isFirstEnough }) {
  for (const file of changed) vitest.invalidateFile(`${root}/${file}`);
  for (const { config } of [vitest, ...vitest.projects]) config.bail = isFirstEnough ? 1 : 0;
  const projects = filters.filter((one) => one.startsWith('--project=')).map((one) => one.slice('--project='.length));
  const files = filters.filter((one) => !one.startsWith('--'));
  const found = (await vitest.globTestSpecifications(files)).filter(({ project }) => projects.includes(project.name));
  found.sort((a, b) => position(files, a) - position(files, b));
  run = new Run();
  const { unhandledErrors } = await vitest.runTestSpecifications(found);
  const { passed, failed, brokenFiles } = run;
  const isOk = passed > 0 && failed.length + brokenFiles.length + unhandledErrors.length === 0;
  process.send({ passed, failed, brokenFiles, isOk });
}

process.on('message', (request) => void answer(request));
// Whoever asked is gone: nothing that was started here may stay.
process.on('disconnect', () => process.kill(-process.pid, 'SIGKILL'));

process.send('ready');
