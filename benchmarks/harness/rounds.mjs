/**
 * Runs every contestant once a round, in turn, so that whatever else the machine does meets all alike. A contestant
 * that fails is left out from then on, with the reason. Adds `results` (one a round) and `failure` to each.
 */
export async function alternate(rounds, contestants, runOnce) {
  const entries = contestants.map((contestant) => ({ ...contestant, results: [], failure: undefined }));
  for (let round = 0; round < rounds; round += 1) {
    for (const entry of entries) {
      if (entry.failure !== undefined) continue;
      process.stderr.write(`\r\u001b[K  round ${round + 1} of ${rounds}: ${entry.title}`);
      try {
        entry.results.push(await runOnce(entry, round));
      } catch (error) {
        entry.failure = firstLine(error);
      }
    }
  }
  process.stderr.write('\r\u001b[K');
  return entries;
}

/** What the results of an entry say under this name, one a round. */
export function series(entry, name) {
  return entry.results.map((result) => result[name]);
}

/** One line for each contestant that failed. */
export function failures(entries) {
  return entries
    .filter(({ failure }) => failure !== undefined)
    .map(({ title, failure }) => `${title} failed: ${failure}`);
}

function firstLine(error) {
  return String(error?.message ?? error).split('\n')[0];
}
