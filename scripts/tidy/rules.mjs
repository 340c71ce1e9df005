import { basename } from 'node:path';
import { lineAt, walk } from './source.mjs';

const FORBIDDEN_WORDS = ['util', 'utils', 'helper', 'helpers', 'manager', 'base', 'impl'];

/** The only file of core that may ask for the time or for chance. */
const ENVIRONMENT = 'packages/core/src/domain/environment.ts';
const AMBIENT_MEMBERS = ['Date.now', 'Math.random', 'performance.now'];
const AMBIENT_FUNCTIONS = ['setTimeout', 'setInterval'];

/** A file is named in kebab-case, after its one concept. */
export function nameProblems(source) {
  const name = basename(source.path, '.ts');
  const say = (message) => [{ path: source.path, line: 1, message }];
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) return say('file names are kebab-case');
  const word = name.split('-').find((part) => FORBIDDEN_WORDS.includes(part));
  return word ? say(`"${word}" names no concept: call the file after what is in it`) : [];
}

/** No default exports, no `export *`, and a doc comment on each export. */
export function exportProblems(source) {
  const documented = new Set();
  const problems = [];
  const report = (node, message) =>
    problems.push({ path: source.path, line: lineAt(source.text, node.start), message });
  const check = (node, name) => {
    if (!documented.has(name)) report(node, `export ${name} has no doc comment`);
  };
  for (const node of source.program.body) {
    for (const name of declaredNames(node.declaration ?? node)) if (hasDocComment(source, node)) documented.add(name);
  }
  for (const node of source.program.body) {
    if (node.type === 'ExportDefaultDeclaration') report(node, 'no default exports');
    if (node.type === 'ExportAllDeclaration') report(node, 'no export *: name what is exported');
    if (node.type !== 'ExportNamedDeclaration' || node.source) continue;
    for (const name of declaredNames(node.declaration)) check(node, name);
    for (const { local, exported } of node.specifiers) {
      if (exported.name === 'default') report(node, 'no default exports');
      else if (isDeclaredHere(source, local.name)) check(node, local.name);
    }
  }
  return problems;
}

/** Core asks its Environment for time and chance, so that one seed replays a run. */
export function ambientProblems(source) {
  if (source.package !== 'core' || source.path === ENVIRONMENT) return [];
  const problems = [];
  walk(source.program, (node, parent) => {
    const used = ambientUse(node, parent);
    if (used)
      problems.push({
        path: source.path,
        line: lineAt(source.text, node.start),
        message: `${used}: use the Environment`,
      });
  });
  return problems;
}

/** A TODO names who will do it: `TODO(name)`. */
export function todoProblems(source) {
  return source.comments
    .filter(({ value }) => /\b(TODO|FIXME|XXX)\b(?!\([\w@-]+\))/.test(value))
    .map(({ start }) => ({
      path: source.path,
      line: lineAt(source.text, start),
      message: 'TODO without an owner: write TODO(name)',
    }));
}

function declaredNames(declaration) {
  if (!declaration) return [];
  if (declaration.type === 'VariableDeclaration')
    return declaration.declarations.map(({ id }) => id.name ?? '(pattern)');
  return declaration.id?.name ? [declaration.id.name] : [];
}

function isDeclaredHere(source, name) {
  return source.program.body.some((node) => declaredNames(node.declaration ?? node).includes(name));
}

function hasDocComment(source, node) {
  const above = source.comments.findLast(({ end }) => end <= node.start);
  if (above?.type !== 'Block' || !above.value.startsWith('*')) return false;
  return source.text.slice(above.end, node.start).trim() === '';
}

function ambientUse(node, parent) {
  if (node.type === 'MemberExpression' && !node.computed) {
    const member = `${node.object.name}.${node.property.name}`;
    return AMBIENT_MEMBERS.includes(member) ? member : undefined;
  }
  if (node.type === 'NewExpression' && node.callee.name === 'Date' && node.arguments.length === 0) return 'new Date()';
  if (node.type !== 'Identifier' || !AMBIENT_FUNCTIONS.includes(node.name)) return undefined;
  const isOthersMember =
    parent.type === 'MemberExpression' && parent.property === node && parent.object.name !== 'globalThis';
  const isKey =
    ['Property', 'PropertyDefinition', 'MethodDefinition'].includes(parent.type) &&
    parent.key === node &&
    !parent.shorthand;
  const isTypeMember = parent.type.startsWith('TS') && parent.type !== 'TSTypeQuery' && parent.key === node;
  return isOthersMember || isKey || isTypeMember ? undefined : node.name;
}
