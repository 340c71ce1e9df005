/** The ts blocks of a Markdown text, each with as many empty lines above it as the text has lines. */
export function tsBlocksIn(text: string): string[] {
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(
    ({ index, 1: code }) => '\n'.repeat(text.slice(0, index).split('\n').length) + code!,
  );
}
