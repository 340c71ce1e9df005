import { CommitError } from '@ars/core';

/**
 * Why a name is no stream of a user's, as a sentence; `undefined` when it may be one. Nothing is kept under such names
 * here, but what stores on Redis refuse, a test on this one should not let pass.
 */
export function ownNameProblem(stream: string): string | undefined {
  return stream.startsWith('ars:{')
    ? `'${stream}' is no stream of yours: names that begin with 'ars:{' are the library's`
    : undefined;
}

/** @throws CommitError for a stream whose name is the library's own */
export function refuseOwnName(stream: string): void {
  const problem = ownNameProblem(stream);
  if (problem !== undefined) throw new CommitError(problem, { stream, reason: 'RESERVED' });
}
