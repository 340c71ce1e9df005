import { compareIds, type StreamRead } from '@ars/core';

/** One entry of the plain model: whether it still exists is all there is to know. */
interface ModelEntry {
  readonly id: string;
  isRemoved: boolean;
}

/** A stream as a plain list of all entries that ever were in it, to judge accounts by. */
export class StreamModel {
  readonly #entries: ModelEntry[] = [];

  /** The next ID, with a gap of so many milliseconds; not yet added. */
  nextId(gap: number): string {
    const last = this.#entries.at(-1)?.id ?? '0-0';
    return `${Number(last.split('-')[0]) + gap}-${gap === 0 ? Number(last.split('-')[1]) + 1 : 0}`;
  }

  add(id: string): void {
    this.#entries.push({ id, isRemoved: false });
  }

  /** The IDs that exist, in order. */
  get existing(): string[] {
    return this.#entries.filter(({ isRemoved }) => !isRemoved).map(({ id }) => id);
  }

  trimTo(length: number): void {
    this.remove(this.existing.slice(0, Math.max(0, this.existing.length - length)));
  }

  remove(ids: readonly string[]): void {
    for (const entry of this.#entries) if (ids.includes(entry.id)) entry.isRemoved = true;
  }

  /** The IDs that no longer exist and are not among those accounted for. */
  unaccounted(accounted: ReadonlySet<string>): string[] {
    return this.#entries.filter(({ id, isRemoved }) => isRemoved && !accounted.has(id)).map(({ id }) => id);
  }
}

/** What one reader has read or was told to be lost. */
export class Ledger {
  readonly accounted: Set<string>;

  constructor(accounted: Iterable<string> = []) {
    this.accounted = new Set(accounted);
  }

  copy(): Ledger {
    return new Ledger(this.accounted);
  }

  /** Takes a read in; answers how many losses the model says it had to report. */
  take(read: StreamRead, model: StreamModel): number {
    for (const { id } of read.entries) this.accounted.add(id);
    const lost = model.unaccounted(this.accounted);
    for (const id of lost) this.accounted.add(id);
    return lost.length;
  }
}

/** The IDs after a position. */
export function idsAfter(ids: readonly string[], position: string): string[] {
  return ids.filter((id) => compareIds(id, position) > 0);
}
