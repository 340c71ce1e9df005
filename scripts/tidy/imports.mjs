import { posix } from 'node:path';

/** The folders of core from the bottom up; those that share a number are neighbours. */
const CORE_LAYERS = { domain: 0, store: 1, state: 2, transaction: 3, care: 4, consumer: 4, producer: 4, 'index.ts': 5 };

/** Which packages of ours a package may import. Everyone else may import core and redis-protocol: adapters, never each other. */
const ALLOWED_PACKAGES = {
  core: [],
  memory: ['core'],
  'redis-protocol': ['core'],
  superjson: ['core'],
  msgpack: ['core'],
  testkit: ['core', 'memory'],
};
const ALLOWED_FOR_ADAPTERS = ['core', 'redis-protocol'];

/** Imports that leave the package, that use its face from inside, or that go up. */
export function importProblems(source) {
  return source.imports.flatMap(({ specifier, line }) => {
    const say = (message) => [{ path: source.path, line, message }];
    if (specifier.startsWith('@ars/'))
      return isAllowed(source, specifier) ? [] : say(`${source.package} must not import ${specifier}`);
    if (!specifier.startsWith('.')) return [];
    const target = resolveInner(source, specifier);
    if (target.startsWith('../')) return say(`import "${specifier}" leaves the package's src`);
    if (target === 'index.ts') return say("a file must not import its own package's index.ts");
    return source.package === 'core' && layerOf(target) > layerOf(source.inner)
      ? say(`${source.inner} must not import ${target}: imports only go down (${Object.keys(CORE_LAYERS).join(' < ')})`)
      : [];
  });
}

/** Files of core that belong to no layer. */
export function layerProblems(source) {
  if (source.package !== 'core' || layerOf(source.inner) !== undefined) return [];
  return [{ path: source.path, line: 1, message: `in none of the layers ${Object.keys(CORE_LAYERS).join(', ')}` }];
}

/** Every import cycle, once, by the files on it. Type imports count. */
export function cycleProblems(sources) {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const state = new Map();
  const trail = [];
  const problems = [];
  const visit = (source) => {
    state.set(source.path, 'open');
    trail.push(source.path);
    for (const { specifier, line } of source.imports) {
      const target = specifier.startsWith('.') && byPath.get(resolvePath(source, specifier));
      if (!target) continue;
      if (state.get(target.path) === 'open') {
        const cycle = [...trail.slice(trail.indexOf(target.path)), target.path];
        problems.push({ path: source.path, line, message: `import cycle: ${cycle.join(' -> ')}` });
      } else if (!state.has(target.path)) visit(target);
    }
    trail.pop();
    state.set(source.path, 'done');
  };
  for (const source of sources) if (!state.has(source.path)) visit(source);
  return problems;
}

function isAllowed(source, specifier) {
  const name = specifier.split('/')[1];
  return (ALLOWED_PACKAGES[source.package] ?? ALLOWED_FOR_ADAPTERS).includes(name);
}

const layerOf = (inner) => CORE_LAYERS[inner.split('/')[0]];

const resolvePath = (source, specifier) => posix.join(posix.dirname(source.path), specifier).replace(/\.js$/, '.ts');

const resolveInner = (source, specifier) =>
  posix.relative(`packages/${source.package}/src`, resolvePath(source, specifier));
