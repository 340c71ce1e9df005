import { isArsError } from '@ars/core';
import { committedEntries, type ConsumerEvidence, type Evidence } from '../evidence.js';

/** G7, G10: every consumer has committed all of its streams, unless it reported what is missing; its counters are exact. */
export function checkPositions(evidence: Evidence): string[] {
  return evidence.consumers.flatMap((consumer) => {
    const problems = consumer.spec.inputs.flatMap((stream) => checkStream(evidence, consumer, stream));
    return consumer.finalEnd === undefined ? problems : [...problems, ...checkGap(evidence, consumer)];
  });
}

function checkStream(evidence: Evidence, consumer: ConsumerEvidence, stream: string): string[] {
  const { id } = consumer.spec;
  const cursor = consumer.record?.cursors.find((one) => one.stream === stream);
  if (cursor === undefined) return [`${id} has no position in ${stream}`];
  const done = committedEntries(evidence, consumer, stream);
  const all = evidence.entriesOf(stream);
  const problems: string[] = [];
  if (cursor.position !== '0-0' && done.length === 0)
    problems.push(`${id} is at ${cursor.position}, which ${stream} never held`);
  if (cursor.read !== done.length)
    problems.push(`${id} counts ${cursor.read} entries of ${stream} at its position, which are ${done.length}`);
  const isInvisible = cursor.read === 0 && isGone(evidence, consumer, stream);
  if (done.length < all.length && consumer.finalEnd === undefined && !isInvisible) {
    problems.push(
      `${id} has committed ${done.length} of ${all.length} entries of ${stream}, and says nothing of the rest`,
    );
  }
  return problems;
}

/** A stream that was deleted before the first of it was read is as one that never was (a limit of PROTOCOL P20). */
function isGone({ home }: Evidence, { spec }: ConsumerEvidence, stream: string): boolean {
  return !spec.isRelay && home.store.streamInfo(stream) === undefined;
}

/** The number that a gap reports is that of the entries which are gone. */
function checkGap(evidence: Evidence, { spec, finalEnd, record }: ConsumerEvidence): string[] {
  const error = finalEnd!.error;
  if (!isArsError(error, 'ARS_STREAM_GAP')) return [];
  const stream = error.details.stream!;
  const position = record?.cursors.find((one) => one.stream === stream)?.position ?? '0-0';
  const all = evidence.entriesOf(stream);
  const existing = evidence.home.existing(stream);
  const unread = all.slice(all.findIndex(({ id }) => id === position) + 1);
  const gone = unread.filter(({ id }) => !existing.has(id)).length;
  return error.details['lost'] === gone
    ? []
    : [`${spec.id} reports ${String(error.details['lost'])} lost entries of ${stream}, which are ${gone}`];
}
