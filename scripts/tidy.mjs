// Checks the style of packages/*/src that a linter cannot: see "The tidy rules" in CONTRIBUTING.md.
//   node scripts/tidy.mjs            prints what is wrong, and fails if anything is
//   node scripts/tidy.mjs --update   lowers the exceptions in scripts/tidy.json to what the files need now
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cycleProblems, importProblems, layerProblems } from './tidy/imports.mjs';
import { lowerExceptions, ratchetProblems } from './tidy/ratchet.mjs';
import { ambientProblems, exportProblems, nameProblems, todoProblems } from './tidy/rules.mjs';
import { readSources } from './tidy/source.mjs';

const FILE_RULES = [nameProblems, layerProblems, importProblems, exportProblems, ambientProblems, todoProblems];

/** Everything that is wrong with a set of parsed files, in order of the rules. */
export function findProblems(sources, exceptions = {}) {
  return [
    ...FILE_RULES.flatMap((rule) => sources.flatMap((source) => rule(source))),
    ...cycleProblems(sources),
    ...ratchetProblems(sources, exceptions),
  ];
}

function main(args) {
  const exceptionsFile = new URL('tidy.json', import.meta.url);
  const sources = readSources(fileURLToPath(new URL('..', import.meta.url)));
  let exceptions = JSON.parse(readFileSync(exceptionsFile, 'utf8'));
  if (args.includes('--update')) {
    exceptions = lowerExceptions(sources, exceptions);
    writeFileSync(exceptionsFile, `${JSON.stringify(exceptions, null, 2)}\n`);
  }
  const problems = findProblems(sources, exceptions);
  for (const { path, line, message } of problems) console.error(`${path}:${line}: ${message}`);
  console.log(`tidy: ${sources.length} files, ${problems.length} problems`);
  if (problems.length > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
