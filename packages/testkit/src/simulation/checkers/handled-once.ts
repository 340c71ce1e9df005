import { compareIds, type EntryId, type StreamCursor } from '@ars/core';
import type { LogEvent } from '../home-log.js';
import type { Evidence } from '../evidence.js';
import type { OlderContent } from '../stream-ledger.js';

type Positions = Map<string, EntryId>;

/** Knows up to where each process has learnt or brought about that entries are committed. */
class Floors {
  #stored: Positions = new Map();
  readonly #floors = new Map<string, Positions>();
  readonly #copies = new Map<OlderContent, Positions>();

  follow(event: LogEvent): string | undefined {
    switch (event.kind) {
      case 'copied':
        this.#copies.set(event.copy, new Map(this.#stored));
        return undefined;
      case 'restored':
        this.#restore(this.#copies.get(event.copy)!);
        return undefined;
      case 'handled':
        return this.#judge(event);
      case 'call':
        this.#call(event);
        return undefined;
    }
  }

  #call(event: LogEvent & { readonly kind: 'call' }): void {
    if (event.call === 'claim' && event.answer?.outcome === 'claimed') {
      const cursors = event.answer.inspection.record?.cursors ?? [];
      this.#move(this.#stored, event.consumer, cursors);
      this.#floors.set(
        event.process,
        new Map(cursors.map(({ stream, position }) => [`${event.consumer} ${stream}`, position])),
      );
    }
    if (event.call === 'commit' && event.answer?.outcome === 'committed') {
      this.#move(this.#stored, event.consumer, event.commit.cursors);
      const floor = this.#floors.get(event.process);
      if (floor !== undefined) this.#move(floor, event.consumer, event.commit.cursors);
    }
  }

  #move(positions: Positions, consumer: string, cursors: readonly StreamCursor[]): void {
    for (const { stream, position } of cursors) positions.set(`${consumer} ${stream}`, position);
  }

  /** What a process had committed after the copy has never been: it may handle it again, if it is there again. */
  #restore(stored: Positions): void {
    this.#stored = new Map(stored);
    for (const floor of this.#floors.values()) {
      for (const [key, position] of floor) {
        const left = stored.get(key) ?? '0-0';
        if (compareIds(left, position) < 0) floor.set(key, left);
      }
    }
  }

  #judge({ process, consumer, stream, id }: LogEvent & { readonly kind: 'handled' }): string | undefined {
    const floor = this.#floors.get(process)?.get(`${consumer} ${stream}`);
    if (floor === undefined || compareIds(id, floor) > 0) return undefined;
    return `${process} handled entry ${id} of ${stream}, though it had committed up to ${floor}`;
  }
}

/** G4: no process handles again what it knows, or must find out, to be committed. */
export function checkHandledOnce({ events }: Pick<Evidence, 'events'>): string[] {
  const floors = new Floors();
  return events.flatMap((event) => floors.follow(event) ?? []);
}
