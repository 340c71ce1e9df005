import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * One parsed source file.
 * @typedef {object} Source
 * @property {string} path relative to the repository, with slashes
 * @property {string} package the folder below packages/
 * @property {string} inner the path below src/
 * @property {string} text
 * @property {any} program the syntax tree (ESTree with TypeScript nodes)
 * @property {{ type: string, value: string, start: number, end: number }[]} comments
 * @property {{ specifier: string, line: number }[]} imports of every kind, types included
 */

/** Parses packages/<name>/src/**\/*.ts below `root`, in order of their paths. @returns {Source[]} */
export function readSources(root) {
  const sources = [];
  for (const name of readFolder(join(root, 'packages'))) {
    for (const inner of readFolder(join(root, 'packages', name, 'src'), true)) {
      if (!inner.endsWith('.ts')) continue;
      const path = posix.join('packages', name, 'src', inner);
      sources.push(parseSource(path, readFileSync(join(root, path), 'utf8')));
    }
  }
  return sources;
}

/** Parses the text of one file. Throws where its syntax is wrong. @returns {Source} */
export function parseSource(path, text) {
  const { program, comments, errors } = parseSync(path, text);
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0].message}`);
  const [, name, , ...inner] = path.split('/');
  const source = { path, package: name, inner: inner.join('/'), text, program, comments, imports: [] };
  walk(program, (node) => {
    const specifier = importedFrom(node);
    if (specifier !== undefined) source.imports.push({ specifier, line: lineAt(text, node.start) });
  });
  return source;
}

/** The line, counted from 1, of a position in a text. */
export function lineAt(text, offset) {
  let line = 1;
  for (let i = text.indexOf('\n'); i >= 0 && i < offset; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}

/** Visits a node and all nodes below it, each with its parent. */
export function walk(node, visit, parent) {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === 'string') walk(child, visit, node);
    }
  }
}

function importedFrom(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return (node.source ?? node.argument)?.value ?? undefined;
    default:
      return undefined;
  }
}

function readFolder(folder, recursive = false) {
  try {
    const names = readdirSync(folder, { recursive }).map((name) => name.replaceAll('\\', '/'));
    return names.sort((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  }
}
