/**
 * Mutants of one file: rows of what is missing, its text, what stands there instead, the tests that are to notice, and
 * what else there is to say.
 */
const inFolder = (folder) => (area, rows) =>
  rows.map(([what, find, replace, tests, more]) => {
    return { name: `${area}/${what}`, file: `${folder}/${area}.ts`, find, replace, tests, ...more };
  });

export const inConsumer = inFolder('packages/core/src/consumer');
export const inScript = inFolder('packages/redis-protocol/src/scripts');
