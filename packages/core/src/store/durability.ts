/** What a store can wait for after a commit: copies on replicas (WAIT), or bytes on disk (WAITAOF). */
export type DurabilityKind = 'replicas' | 'fsync';

/** How far a commit must have come before it counts. */
export interface DurabilityLevel {
  /** Replicas that must have it; 0 for none. */
  readonly replicas: number;
  /** Whether the server must have it on disk. */
  readonly fsync: boolean;
  /** How long one wait for it takes at most. */
  readonly timeoutMs: number;
}
