import type { Environment } from '../domain/environment.js';
import { StoreUnavailableError } from '../domain/errors.js';
import type { ConsumerAddress } from '../store/consumer-address.js';
import type { ConsumerHome, StreamReader, StreamStore } from '../store/stream-store.js';

/** A consumer's two connections. They live and die together, so that what is read and what commits share one history. */
export interface Session {
  readonly reader: StreamReader;
  readonly home: ConsumerHome;
  /** Identifies the history under which entries are read; equal only where the store can vouch for it. */
  readonly history: string;
  close(): void;
}

/**
 * Opens both connections. Where source and home are one store they must have reached the same server (PROTOCOL P12):
 * otherwise an entry of one history could be committed into another.
 */
export async function openSession(
  source: StreamStore,
  store: StreamStore,
  address: ConsumerAddress,
  environment: Environment,
): Promise<Session> {
  const [reader, home] = await openBoth(source.openReader(address.streams), store.openHome(address));
  const close = (): void => {
    reader.close();
    home.close();
  };
  if (source === store && reader.history !== home.history) {
    close();
    throw new StoreUnavailableError(`The connections to ${store.name} reached different servers; opening them again.`, {
      ran: false,
      reason: 'HISTORY',
    });
  }
  return { reader, home, history: reader.history ?? environment.uniqueToken(), close };
}

async function openBoth(
  reading: Promise<StreamReader>,
  homing: Promise<ConsumerHome>,
): Promise<[StreamReader, ConsumerHome]> {
  const [reader, home] = await Promise.allSettled([reading, homing]);
  if (reader.status === 'fulfilled' && home.status === 'fulfilled') return [reader.value, home.value];
  if (reader.status === 'fulfilled') reader.value.close();
  if (home.status === 'fulfilled') home.value.close();
  throw reader.status === 'rejected' ? reader.reason : (home as PromiseRejectedResult).reason;
}
