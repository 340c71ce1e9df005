/**
 * The consumers of the soak. What each publishes depends on its state, and its state on every message before, so that a
 * message lost, doubled or handled out of turn shows in all that follows. `models.ts` computes the same by code of its own.
 *
 *   orders -> fold    -> folded -> pair -> paired -> tail -> final
 *          |          -> side
 *          -> keyed   -> ledger ------------------> tail
 *          -> letters -> accepted, dead
 */

const START = 2166136261;

/** FNV-1a over the text, going on from `hash`. */
function mix(hash, text) {
  let mixed = hash;
  for (let i = 0; i < text.length; i += 1) mixed = Math.imul(mixed ^ text.charCodeAt(i), 16777619) >>> 0;
  return mixed;
}

const nameOf = ({ p, n }) => `${p}${n}`;

function stumble(message, transaction) {
  if (message.kind === 'flaky' && transaction.entry.attempt === 1) throw new Error('the first try fails');
}

const fold = {
  stream: 'orders',
  state: () => ({ count: 0, sum: 0, hash: START, accounts: {} }),
  handler(message, transaction) {
    const { state } = transaction;
    state.count += 1;
    state.sum += Number(message.amount);
    state.hash = mix(state.hash, nameOf(message));
    state.accounts[message.account] ??= { count: 0, recent: [] };
    const account = state.accounts[message.account];
    account.count += 1;
    account.recent.push(nameOf(message));
    if (account.recent.length > 3) account.recent.shift();
    const output = { of: nameOf(message), count: state.count, hash: state.hash };
    if (state.count % 3 === 0) transaction.publish('folded', output);
    if (state.count % 20 === 0) transaction.publish('side', output);
    stumble(message, transaction); // after it has changed and published something
  },
};

const keyed = {
  stream: 'orders',
  key: (message) => message.account,
  concurrency: 4,
  state: () => ({ count: 0, balance: 0, hash: START }),
  async handler(message, transaction) {
    const { state } = transaction;
    state.count += 1;
    if (message.amount > 50) await new Promise((resolve) => setImmediate(resolve)); // so that others overtake it
    state.balance += Number(message.amount);
    state.hash = mix(state.hash, nameOf(message));
    stumble(message, transaction);
    const { count, balance, hash } = state;
    transaction.publish('ledger', { of: nameOf(message), account: message.account, count, balance, hash });
  },
};

const letters = {
  stream: 'orders',
  state: () => ({ count: 0, hash: START }),
  deadLetter: 'dead',
  retry: { attempts: 4, minDelayMs: 1, maxDelayMs: 20 },
  batch: { maxMessages: 20 },
  leaseMs: 1_500, // so long an owner is watched before a message is condemned for its death
  handler(message, transaction) {
    const { state } = transaction;
    state.count += 1;
    state.hash = mix(state.hash, nameOf(message));
    if (state.count % 10 === 0) transaction.publish('accepted', { count: state.count, hash: state.hash });
    if (message.kind === 'poison') process.kill(process.pid, 'SIGKILL');
    if (message.kind === 'bad') throw new Error('this message always fails');
    stumble(message, transaction);
  },
};

const pair = {
  stream: 'folded',
  standby: true,
  leaseMs: 1_500,
  state: () => ({ count: 0, hash: START }),
  handler(message, transaction) {
    const { state } = transaction;
    state.count += 1;
    state.hash = mix(state.hash, `${message.of}:${message.hash}`);
    transaction.publish('paired', { of: message.of, count: state.count, hash: state.hash });
  },
};

/** Order holds within each of its streams only, so each has a state of its own. */
const tail = {
  stream: ['ledger', 'paired'],
  home: 'soak',
  durability: { replicas: 1, timeoutMs: 500 },
  state: () => ({ ledger: { count: 0, hash: START }, paired: { count: 0, hash: START } }),
  handler(message, transaction) {
    const { stream } = transaction.entry;
    const part = transaction.state[stream];
    part.count += 1;
    part.hash = mix(part.hash, `${message.of}:${message.hash}`);
    if (part.count % 5 === 0) transaction.publish('final', { stream, count: part.count, hash: part.hash });
  },
};

/** Options of each consumer, by its `consumerId`. */
export const consumers = { fold, keyed, letters, pair, tail };
