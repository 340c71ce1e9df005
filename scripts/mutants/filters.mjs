const of =
  (project, folder) =>
  (...names) => [`--project=${project}`, ...names.map((name) => `${folder}/${name}`)];

/** Arguments of vitest for the test files of one place whose names begin so: a file that is split is still found. */
export const core = of('core', 'packages/core/test');
export const behaviour = of('tests', 'tests/behaviour');
export const evolution = of('tests', 'tests/evolution');
export const faults = of('tests', 'tests/faults');
export const protocol = of('redis-protocol', 'packages/redis-protocol/test');
export const testkit = of('testkit', 'packages/testkit/test');

/** Every promise of the store, on the store itself. */
export const conformanceOfRedis = testkit('ioredis.redis');
/** Seeded runs of whole consumers over a store that breaks in all ways. */
export const simulation = testkit('simulation.sim');

/** Tests that get a try at what survived, by package. */
export const WIDER = {
  core: [
    '--project=core',
    'packages/core/test/consumer',
    'packages/core/test/transaction',
    '--project=tests',
    'tests/behaviour',
    'tests/evolution',
    'tests/care',
    ...testkit('memory.test', 'simulation.sim'),
  ],
  'redis-protocol': [
    '--project=redis-protocol',
    'packages/redis-protocol/test',
    ...conformanceOfRedis,
    '--project=ioredis',
    'packages/ioredis/test/adapter',
    'packages/ioredis/test/protocol',
    '--project=tests',
    'tests/care',
    'tests/faults/refused-commits',
  ],
};
