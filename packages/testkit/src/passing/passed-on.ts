import type { ConsumerHome, StreamStore } from '@ars/core';

/** A store that only passes every call on; whoever stands before a store alters what it is there for. */
export function passedOnStore(store: StreamStore): StreamStore {
  return {
    name: store.name,
    durability: store.durability,
    openReader: (streams) => store.openReader(streams),
    openHome: (address) => store.openHome(address),
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

/** A home that only passes every call on. */
export function passedOnHome(home: ConsumerHome): ConsumerHome {
  return {
    history: home.history,
    inspect: () => home.inspect(),
    claim: (request) => home.claim(request),
    renew: (token) => home.renew(token),
    commit: (token, commit) => home.commit(token, commit),
    release: (token) => home.release(token),
    glance: () => home.glance(),
    persist: (token, level) => home.persist(token, level),
    load: (token, keys) => home.load(token, keys),
    scan: (from, count) => home.scan(from, count),
    close: () => home.close(),
  };
}
