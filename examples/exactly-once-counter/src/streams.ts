/** The streams of one run of this example. */
export interface Streams {
  readonly orders: string;
  readonly payments: string;
  readonly ledger: string;
  readonly statements: string;
}
