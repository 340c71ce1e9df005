import { isDeepStrictEqual } from 'node:util';
import { committedEntries, type ConsumerEvidence, type Evidence } from '../evidence.js';
import { emptyState, foldMessage, outputsOf, type SimulatedOutput } from '../simulated-fold.js';
import { firstDifference } from './once-in-order.js';

/** G1, G2: state and outputs are exactly those of the fold over what the consumer has seen, in its order. */
export function checkExactFold(evidence: Evidence): string[] {
  return evidence.consumers.flatMap((consumer) => {
    const { spec, state } = consumer;
    const folded = emptyState();
    const outputs = spec.isStateless ? plainOutputs(evidence, consumer) : foldOutputs(consumer, folded);
    const problems: string[] = [];
    if (!spec.isStateless && !isDeepStrictEqual(state ?? emptyState(), folded)) {
      problems.push(
        `the state of ${spec.id} is not the fold of what it has seen: ${JSON.stringify(state)} instead of ${JSON.stringify(folded)}`,
      );
    }
    return [...problems, ...spec.outputs.flatMap((stream) => checkOutputs(evidence, stream, outputs))];
  });
}

function foldOutputs({ spec, state }: ConsumerEvidence, folded: ReturnType<typeof emptyState>): SimulatedOutput[] {
  return (state?.seen ?? []).flatMap((name) => {
    const [stream, n] = name.split('|') as [string, string];
    return foldMessage(folded, spec.id, stream, n, spec.outputs);
  });
}

function plainOutputs(evidence: Evidence, consumer: ConsumerEvidence): SimulatedOutput[] {
  const { id, inputs, outputs } = consumer.spec;
  return inputs.flatMap((stream) =>
    committedEntries(evidence, consumer, stream).flatMap(({ n }) => outputsOf(id, n, outputs)),
  );
}

function checkOutputs(evidence: Evidence, stream: string, outputs: readonly SimulatedOutput[]): string[] {
  const expected = outputs.filter(({ to }) => to === stream).map(({ message }) => message.n);
  const found = evidence.entriesOf(stream).map(({ n }) => n);
  const added = evidence.home.store.streamInfo(stream)?.added ?? 0;
  const phantoms =
    added === found.length ? [] : [`${stream} counts ${added} entries ever added, which are ${found.length}`];
  return [...firstDifference(found, expected, `was published to ${stream}`), ...phantoms];
}
