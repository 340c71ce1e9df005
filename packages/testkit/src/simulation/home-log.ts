import type {
  ClaimAnswer, ClaimRequest, Commit, CommitAnswer, ConsumerAddress, ConsumerHome, RenewAnswer, StreamStore, Token,
} from '@ars/core'; // prettier-ignore
import { passedOnHome, passedOnStore } from '../passing/passed-on.js';
import type { OlderContent } from './stream-ledger.js';

/** What a call asked for and what it was answered; no answer means that it failed, and nothing happened. */
export type HomeCall =
  | { readonly call: 'claim'; readonly request: ClaimRequest; answer?: ClaimAnswer }
  | { readonly call: 'renew'; readonly token: Token; answer?: RenewAnswer }
  | { readonly call: 'commit'; readonly token: Token; readonly commit: Commit; answer?: CommitAnswer }
  | { readonly call: 'release'; readonly token: Token; answer?: { readonly outcome: 'done' } };

/** One thing that happened, in the order in which everything happened. */
export type LogEvent =
  | ({ readonly kind: 'call'; readonly process: string; readonly consumer: string } & HomeCall)
  | {
      readonly kind: 'handled';
      readonly process: string;
      readonly consumer: string;
      readonly stream: string;
      readonly id: string;
    }
  | { readonly kind: 'copied'; readonly copy: OlderContent }
  | { readonly kind: 'restored'; readonly copy: OlderContent };

/** Everything that reached the store or a handler, in order. */
export class HomeLog {
  readonly events: LogEvent[] = [];

  /** The store as one process reaches it, with its claims, renewals, commits and releases written down. */
  observed(store: StreamStore, process: string): StreamStore {
    return {
      ...passedOnStore(store),
      openHome: async (address) => this.#home(await store.openHome(address), address, process),
    };
  }

  #home(home: ConsumerHome, { consumerId: consumer }: ConsumerAddress, process: string): ConsumerHome {
    const note = <T, C extends HomeCall>(call: C, answering: Promise<T>): Promise<T> => {
      const event = { kind: 'call', process, consumer, ...call } as const;
      this.events.push(event);
      return answering.then((answer) => {
        Object.assign(event, { answer });
        return answer;
      });
    };
    return {
      ...passedOnHome(home),
      claim: (request) => note({ call: 'claim', request }, home.claim(request)),
      renew: (token) => note({ call: 'renew', token }, home.renew(token)),
      commit: (token, commit) => note({ call: 'commit', token, commit }, home.commit(token, commit)),
      release: (token) =>
        note(
          { call: 'release', token },
          home.release(token).then(() => ({ outcome: 'done' })),
        ).then(() => {}),
    };
  }
}
