/**
 * The handler of the fault tests. Its state depends on every message and on their order, at several depths, and its
 * outputs depend on the state, so that a message lost, doubled or handled out of turn shows in all that follows.
 * `checker.ts` computes the same by code of its own.
 */

export const initialState = () => ({ count: 0, sum: 0, hash: 2166136261, totals: {} });

/** Every tenth message publishes to `target`; a message with `also` publishes to those targets as well. */
export function fold(message, transaction, target, by) {
  const { state } = transaction;
  state.count += 1;
  state.sum += Number(message.amount);
  state.hash = mix(state.hash, message.n);
  state.totals[message.key] ??= { count: 0, recent: [] };
  const total = state.totals[message.key];
  total.count += 1;
  total.recent.push(message.n);
  if (total.recent.length > 3) total.recent.shift();
  const output = { count: state.count, hash: state.hash, n: message.n, of: total.count };
  if (state.count % 10 === 0) transaction.publish(target, by === undefined ? output : { ...output, by });
  if (message.also !== undefined) for (const other of message.also.split(',')) transaction.publish(other, output);
}

/** FNV-1a over the text, going on from `hash`. */
function mix(hash, text) {
  let mixed = hash;
  for (let i = 0; i < text.length; i += 1) mixed = Math.imul(mixed ^ text.charCodeAt(i), 16777619) >>> 0;
  return mixed;
}
