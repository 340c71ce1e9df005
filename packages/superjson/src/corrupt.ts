import { SerializationError } from '@ars/core';

/** The refusal of stored text; the problem is a clause such as `it names a type that is not allowed`, never content. */
export function corrupt(problem: string): SerializationError {
  return new SerializationError(`the stored text is not what the superjson serializer writes: ${problem}`);
}
