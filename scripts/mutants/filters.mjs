const of =
  (project, folder, suffix) =>
  (...names) => [`--project=${project}`, ...names.map((name) => `${folder}/${name}${suffix}`)];

/** Arguments of vitest for test files of one place, named without folder and suffix. */
export const core = of('core', 'packages/core/test', '.test.ts');
export const behaviour = of('tests', 'tests/behaviour', '.test.ts');
export const evolution = of('tests', 'tests/evolution', '.test.ts');
export const faults = of('tests', 'tests/faults', '.test.ts');
export const protocol = of('redis-protocol', 'packages/redis-protocol/test', '.redis.test.ts');
export const testkit = of('testkit', 'packages/testkit/test', '.test.ts');

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
    ...testkit('memory', 'simulation.sim'),
  ],
  'redis-protocol': [
    '--project=redis-protocol',
    'packages/redis-protocol/test',
    ...conformanceOfRedis,
    '--project=ioredis',
    'packages/ioredis/test/adapter',
    'packages/ioredis/test/protocol',
    '--project=tests',
    'tests/behaviour',
    'tests/care',
    'tests/faults',
  ],
};
