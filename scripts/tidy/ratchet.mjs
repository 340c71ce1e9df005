import { lineAt, walk } from './source.mjs';

/** What every file keeps to, unless tidy.json grants it more. */
export const LIMITS = { fileLines: 250, functionLines: 45 };

const UPDATE = 'node scripts/tidy.mjs --update';

/** Lines of the file and of its longest function, from its first line to its last. */
export function measure(source) {
  let functionLines = 0;
  let longest;
  walk(source.program, (node) => {
    if (!isFunction(node) || !node.body) return;
    const lines = lineAt(source.text, node.end) - lineAt(source.text, node.start) + 1;
    if (lines > functionLines) {
      functionLines = lines;
      longest = lineAt(source.text, node.start);
    }
  });
  const fileLines = source.text.split('\n').length - (source.text.endsWith('\n') ? 1 : 0);
  return { fileLines, functionLines, longest };
}

/** Files above their limit, and exceptions that are larger than they need to be. */
export function ratchetProblems(sources, exceptions) {
  const problems = [];
  for (const source of sources) {
    const measured = measure(source);
    for (const kind of Object.keys(LIMITS)) {
      const granted = exceptions[source.path]?.[kind];
      const line = kind === 'functionLines' ? measured.longest : 1;
      const say = (message) => problems.push({ path: source.path, line, message });
      if (measured[kind] > (granted ?? LIMITS[kind]))
        say(`${kind} ${measured[kind]}, at most ${granted ?? LIMITS[kind]}`);
      else if (granted !== undefined && granted > needed(measured[kind], kind)) {
        say(`tidy.json grants ${kind} ${granted}, but ${measured[kind]} is enough: run ${UPDATE}`);
      }
    }
  }
  const known = new Set(sources.map(({ path }) => path));
  for (const path of Object.keys(exceptions)) {
    if (!known.has(path))
      problems.push({ path, line: 1, message: `tidy.json names a file that is gone: run ${UPDATE}` });
  }
  return problems;
}

/** The exceptions, each lowered to what its file needs now and dropped where it needs none. Never raises or adds one. */
export function lowerExceptions(sources, exceptions) {
  const lowered = {};
  for (const source of sources) {
    const measured = measure(source);
    for (const [kind, granted] of Object.entries(exceptions[source.path] ?? {})) {
      const enough = Math.min(granted, measured[kind]);
      if (enough > LIMITS[kind]) lowered[source.path] = { ...lowered[source.path], [kind]: enough };
    }
  }
  return lowered;
}

/** An exception at the limit or below it is needed by nobody. */
const needed = (measured, kind) => (measured > LIMITS[kind] ? measured : 0);

const isFunction = ({ type }) =>
  ['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'].includes(type);
