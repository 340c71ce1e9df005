import type { Fields } from './reading.js';

/** What must be stored for a consumer, and what it must have published, after the entries it was given so far. */
export interface Model {
  readonly consumerId: string;
  readonly streams: readonly string[];
  /** Hash tag of its home. */
  readonly home: string;
  readonly isKeyed: boolean;
  /** Takes the next entry of one of its streams; `publish` gets what the handler must publish. */
  take(stream: string, entry: Fields, publish: (target: string, fields: Fields) => void): void;
  /** Attributes of the state; of keyed state, the states by key. */
  state(): Record<string, unknown>;
}

type Take = Model['take'];

const FNV_PRIME = 16777619n;

/** FNV-1a in exact arithmetic: not the way the handlers do it. */
class Hash {
  value = 2166136261n;

  add(text: string): this {
    for (const byte of Buffer.from(text)) this.value = ((this.value ^ BigInt(byte)) * FNV_PRIME) % 2n ** 32n;
    return this;
  }

  get number(): number {
    return Number(this.value);
  }
}

const nameOf = (order: Fields): string => order['p']! + order['n']!;
const isLetter = (order: Fields): boolean => order['kind'] === 'bad' || order['kind'] === 'poison';
const texts = (fields: Record<string, string | number>): Fields =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, String(value)]));

/** A model of every consumer, in the order of the chain. */
export function createModels(): readonly Model[] {
  return [foldModel(), keyedModel(), lettersModel(), pairModel(), tailModel()];
}

function model(
  consumerId: string,
  streams: readonly string[],
  rest: { take: Take; state: Model['state']; home?: string; isKeyed?: boolean },
): Model {
  return { home: streams[0]!, isKeyed: false, ...rest, consumerId, streams };
}

function foldModel(): Model {
  const hash = new Hash();
  const history = new Map<string, string[]>();
  let count = 0;
  let sum = 0;
  return model('fold', ['orders'], {
    take: (_, order, publish) => {
      count += 1;
      sum += Number.parseInt(order['amount']!, 10);
      hash.add(nameOf(order));
      history.set(order['account']!, [...(history.get(order['account']!) ?? []), nameOf(order)]);
      const output = texts({ of: nameOf(order), count, hash: hash.number });
      if (count % 3 === 0) publish('folded', output);
      if (count % 20 === 0) publish('side', output);
    },
    state: () => ({
      count,
      sum,
      hash: hash.number,
      accounts: Object.fromEntries(
        [...history].map(([name, all]) => [name, { count: all.length, recent: all.slice(-3) }]),
      ),
    }),
  });
}

function keyedModel(): Model {
  const accounts = new Map<string, { count: number; balance: number; hash: Hash }>();
  return model('keyed', ['orders'], {
    isKeyed: true,
    take: (_, order, publish) => {
      const name = order['account']!;
      const account = accounts.get(name) ?? { count: 0, balance: 0, hash: new Hash() };
      accounts.set(name, account);
      account.count += 1;
      account.balance += Number.parseInt(order['amount']!, 10);
      const hash = account.hash.add(nameOf(order)).number;
      publish(
        'ledger',
        texts({ of: nameOf(order), account: name, count: account.count, balance: account.balance, hash }),
      );
    },
    state: () =>
      Object.fromEntries([...accounts].map(([name, { hash, ...rest }]) => [name, { ...rest, hash: hash.number }])),
  });
}

function lettersModel(): Model {
  const hash = new Hash();
  let count = 0;
  return model('letters', ['orders'], {
    take: (_, order, publish) => {
      if (isLetter(order)) return publish('dead', order);
      count += 1;
      hash.add(nameOf(order));
      if (count % 10 === 0) publish('accepted', texts({ count, hash: hash.number }));
    },
    state: () => ({ count, hash: hash.number }),
  });
}

function pairModel(): Model {
  const hash = new Hash();
  let count = 0;
  return model('pair', ['folded'], {
    take: (_, { of, hash: theirs }, publish) => {
      count += 1;
      publish('paired', texts({ of: of!, count, hash: hash.add(`${of}:${theirs}`).number }));
    },
    state: () => ({ count, hash: hash.number }),
  });
}

function tailModel(): Model {
  const parts = new Map(['ledger', 'paired'].map((stream) => [stream, { count: 0, hash: new Hash() }]));
  return model('tail', ['ledger', 'paired'], {
    home: 'soak',
    take: (stream, { of, hash: theirs }, publish) => {
      const part = parts.get(stream)!;
      part.count += 1;
      const hash = part.hash.add(`${of}:${theirs}`).number;
      if (part.count % 5 === 0) publish(`final:${stream}`, texts({ stream, count: part.count, hash }));
    },
    state: () =>
      Object.fromEntries([...parts].map(([stream, { count, hash }]) => [stream, { count, hash: hash.number }])),
  });
}
