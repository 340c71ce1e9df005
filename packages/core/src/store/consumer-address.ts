/** A consumer's identity and place, from which a store derives its keys. */
export interface ConsumerAddress {
  readonly consumerId: string;
  /** The hash tag that all of the consumer's keys share. */
  readonly home: string;
  /** The stream that the record is named after, or `*` for a consumer of a list of streams. */
  readonly scope: string;
  /** Every stream that the consumer reads, in the order of its options. */
  readonly streams: readonly string[];
  /** Whether the streams are read from this very store, so that a commit can check and register against them. */
  readonly readsHere: boolean;
  /** The stored state's name, `undefined` to name it after scope and consumerId; `null` for a consumer without state. */
  readonly stateName: string | undefined | null;
  /** Whether the state is one small state a key, which is loaded by key; the attributes' names are the keys then. */
  readonly isKeyed: boolean;
}
