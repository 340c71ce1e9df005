import { SerializationError } from '@ars/core';

/** The refusal of stored bytes; the problem is a clause such as `a tag has no number`, never content. */
export function corrupt(problem: string): SerializationError {
  return new SerializationError(`the stored bytes are not what the msgpack serializer writes: ${problem}`);
}
