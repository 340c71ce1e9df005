import { WIDER } from './filters.mjs';
import { build, TestHost } from './vitest.mjs';

/** Tests whose programs are processes of their own, and import the packages' builds. */
const NEED_BUILD = /^(tests\/faults|tests\/packed|tests\/soak|examples)/;

/** A narrow run may take so long, and one of all tests that could notice. */
const NARROW_MS = 300_000;
const WIDE_MS = 1_200_000;

/** Tries mutants in a copy, one after another. */
export class Trials {
  #copy;
  #host;
  #isNarrow;
  #isBuilt = false;
  #broken = new Set();

  constructor(copy, isNarrow) {
    this.#copy = copy;
    this.#host = new TestHost(copy.folder);
    this.#isNarrow = isNarrow;
  }

  /** Ends what was started. */
  end() {
    this.#host.stop();
  }

  /** Finds out which of the tests fail without any mutant, so that they prove nothing. */
  async takeBaseline(mutants) {
    const args = [...new Set(mutants.filter(({ equivalent }) => !equivalent).flatMap(({ tests }) => tests))];
    if (args.length === 0) return;
    console.log('Without any mutant: the tests that are to notice them.');
    if (args.some((arg) => NEED_BUILD.test(arg))) await this.#build();
    const result = await this.#run(args, WIDE_MS, false);
    for (const { name, file } of result.failed) {
      this.#broken.add(`${file} ${name}`);
      console.log(`  fails already: "${name}" (${file})`);
    }
    for (const file of result.brokenFiles) console.log(`  cannot be run: ${file}`);
    console.log(`  ${result.passed} passed, ${result.failed.length + result.brokenFiles.length} failed\n`);
  }

  /** What the tests say of a mutant. */
  async judge(mutant) {
    const { file, find, replace, tests } = mutant;
    const found = this.#copy.count(file, find);
    if (found !== 1) return { mutant, kind: 'stale', what: `the text to replace occurs ${found} times` };
    if (mutant.equivalent === true) return { mutant, kind: 'equivalent', what: mutant.note };
    this.#copy.replace(file, find, replace);
    try {
      const narrow = await this.#attempt(mutant, tests, NARROW_MS);
      if (narrow.kind !== 'survived' || this.#isNarrow) return narrow;
      const wider = WIDER[areaOf(file)];
      return await this.#confirm(await this.#attempt(mutant, wider, WIDE_MS), wider);
    } finally {
      this.#copy.restore();
      this.#isBuilt = false;
    }
  }

  async #attempt(mutant, args, timeoutMs) {
    if (args.some((arg) => NEED_BUILD.test(arg))) await this.#build();
    let result = await this.#run(args, timeoutMs, true);
    // The end after the first failure may hide the one that counts.
    if (!result.isOk && result.isHung !== true && this.#killerOf(result) === undefined)
      result = await this.#run(args, timeoutMs, false);
    const killer = this.#killerOf(result);
    if (killer !== undefined) return { mutant, kind: 'killed', killer };
    if (result.isHung) return { mutant, kind: 'unnamed', what: `no end within ${timeoutMs / 1000} s` };
    if (result.brokenFiles.length > 0) return { mutant, kind: 'unnamed', what: `breaks ${result.brokenFiles[0]}` };
    if (result.failed.length > 0)
      return { mutant, kind: 'survived', what: 'only those tests fail that fail without it' };
    if (!result.isOk) return { mutant, kind: 'unnamed', what: 'the run failed without a failed test' };
    return { mutant, kind: 'survived', what: `${result.passed} tests pass` };
  }

  /** A test of the wider run was not part of the baseline, so it must pass without the mutant. */
  async #confirm(verdict, args) {
    if (verdict.kind !== 'killed') return verdict;
    this.#copy.restore();
    if (NEED_BUILD.test(verdict.killer.file)) await this.#build();
    const projects = args.filter((arg) => arg.startsWith('--project='));
    const { isOk } = await this.#run([...projects, verdict.killer.file], NARROW_MS, false);
    return isOk ? { ...verdict, isWide: true } : { ...verdict, kind: 'baseline', what: 'only a failing test noticed' };
  }

  /** The first failed test that passes without any mutant. */
  #killerOf({ failed }) {
    return failed.find(({ file, name }) => !this.#broken.has(`${file} ${name}`));
  }

  #run(args, timeoutMs, isFirstEnough) {
    const changed = this.#copy.takeChanged();
    return this.#host.run(args, { changed, timeoutMs, isFirstEnough });
  }

  async #build() {
    if (this.#isBuilt) return;
    await build(this.#copy.folder);
    this.#isBuilt = true;
  }
}

function areaOf(file) {
  return file.split('/')[1];
}
