/** Up to this length looking at each character is faster than a call into the engine. */
const SHORT_MAX = 32;

/** How many bytes a string takes as UTF-8; `undefined` for one with a lone surrogate, which UTF-8 cannot hold. */
export function textBytes(text: string): number | undefined {
  const { length } = text;
  if (length <= SHORT_MAX) {
    let all = 0;
    for (let index = 0; index < length; index += 1) all |= text.charCodeAt(index);
    if (all < 0x80) return length;
  }
  return text.isWellFormed() ? Buffer.byteLength(text) : undefined;
}
