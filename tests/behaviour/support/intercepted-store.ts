import type { ConsumerAddress, ConsumerHome, StreamReader, StreamStore } from '@ars/core';

/** A call of a reader or a home. */
export type StoreCall =
  | 'read'
  | 'locate'
  | 'inspect'
  | 'claim'
  | 'renew'
  | 'commit'
  | 'release'
  | 'glance'
  | 'persist'
  | 'load'
  | 'scan';

/** Stands between a consumer and its store: passes the call on, holds it, loses its answer, or refuses it. */
export type Interceptor = <T>(call: StoreCall, proceed: () => Promise<T>) => Promise<T>;

/** A store whose every call goes through an interceptor first; the real store does all the work. */
export function intercepted(store: StreamStore, intercept: Interceptor): StreamStore {
  return {
    name: store.name,
    durability: store.durability,
    openReader: async () => interceptedReader(await store.openReader(), intercept),
    openHome: async (address: ConsumerAddress) => interceptedHome(await store.openHome(address), intercept),
    append: (request) => store.append(request),
    tail: (streams) => store.tail(streams),
    placementProblem: (home, stream) => store.placementProblem(home, stream),
    audit: () => store.audit(),
    trim: (stream, retention) => store.trim(stream, retention),
    consumers: (stream) => store.consumers(stream),
    register: (address, cursors) => store.register(address, cursors),
    unregister: (address) => store.unregister(address),
    move: (request) => store.move(request),
    close: () => store.close(),
  };
}

function interceptedReader(reader: StreamReader, intercept: Interceptor): StreamReader {
  return {
    history: reader.history,
    locate: (stream, start) => intercept('locate', () => reader.locate(stream, start)),
    read: (request) => intercept('read', () => reader.read(request)),
    close: () => reader.close(),
  };
}

function interceptedHome(home: ConsumerHome, intercept: Interceptor): ConsumerHome {
  return {
    history: home.history,
    inspect: () => intercept('inspect', () => home.inspect()),
    claim: (request) => intercept('claim', () => home.claim(request)),
    renew: (token) => intercept('renew', () => home.renew(token)),
    commit: (token, commit) => intercept('commit', () => home.commit(token, commit)),
    release: (token) => intercept('release', () => home.release(token)),
    glance: () => intercept('glance', () => home.glance()),
    persist: (token, level) => intercept('persist', () => home.persist(token, level)),
    load: (token, keys) => intercept('load', () => home.load(token, keys)),
    scan: (from, count) => intercept('scan', () => home.scan(from, count)),
    close: () => home.close(),
  };
}
