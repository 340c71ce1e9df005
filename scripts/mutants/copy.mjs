import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Folders of workspaces, each of which has its own links to what it imports. */
const WORKSPACES = ['packages', 'examples'];
const SINGLE_WORKSPACES = ['tests', 'benchmarks'];

/**
 * A copy of the checkout as it is now, in a temporary folder, where one mutant at a time is applied. What is installed is
 * only linked; what programs and tests write there stays there.
 */
export async function createCopy(root) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mutants-')));
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of list.toString().split('\0')) {
    if (path === '' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  linkInstalled(root, folder);
  return new Copy(folder);
}

/** A folder in which texts are replaced and put back. */
export class Copy {
  #originals = new Map();
  #changed = new Set();

  constructor(folder) {
    this.folder = folder;
  }

  /** How often a text occurs in a file. */
  count(file, text) {
    return existsSync(join(this.folder, file)) ? this.#read(file).split(text).length - 1 : 0;
  }

  /** Replaces the only occurrence of a text. */
  replace(file, find, replacement) {
    const text = this.#read(file);
    this.#originals.set(file, text);
    this.#changed.add(file);
    writeFileSync(
      join(this.folder, file),
      text.replace(find, () => replacement),
    );
  }

  /** Takes all replacements back. */
  restore() {
    for (const [file, text] of this.#originals) {
      writeFileSync(join(this.folder, file), text);
      this.#changed.add(file);
    }
    this.#originals.clear();
  }

  /** The files that were changed since the last call. */
  takeChanged() {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #read(file) {
    return readFileSync(join(this.folder, file), 'utf8');
  }
}

/** Links of a workspace are relative, so that they lead to packages of the copy and to the root's installed ones. */
function linkInstalled(root, folder) {
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (!name.startsWith('.vite')) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  const inner = WORKSPACES.flatMap((parent) => readdirSync(join(root, parent)).map((name) => join(parent, name)));
  for (const workspace of [...inner, ...SINGLE_WORKSPACES]) {
    const installed = join(root, workspace, 'node_modules');
    const isKept = (source) => !source.includes('.vite');
    if (existsSync(installed)) {
      const options = { recursive: true, verbatimSymlinks: true, filter: isKept };
      cpSync(installed, join(folder, workspace, 'node_modules'), options);
    }
  }
}
