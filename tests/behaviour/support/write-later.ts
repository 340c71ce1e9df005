/** As a client does that gets a command some promises later, and writes it at its next turn. */
export async function writeLater(): Promise<void> {
  for (let hops = 0; hops < 8; hops += 1) await Promise.resolve();
  await new Promise((resolve) => setImmediate(resolve));
}
