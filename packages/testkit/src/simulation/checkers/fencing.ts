import type { HomeCall, LogEvent } from '../home-log.js';
import type { Evidence } from '../evidence.js';
import type { OlderContent } from '../stream-ledger.js';

/** What a record must hold, by the calls so far. */
interface Owned {
  readonly owner: string;
  readonly renewal: number;
  readonly epoch: number;
  readonly commitId: string;
}

/** Follows every claim, renewal and commit, also back to an older copy. */
class Registrar {
  #records = new Map<string, Owned>();
  readonly #copies = new Map<OlderContent, ReadonlyMap<string, Owned>>();

  follow(event: LogEvent): string | undefined {
    if (event.kind === 'copied') this.#copies.set(event.copy, new Map(this.#records));
    else if (event.kind === 'restored') this.#records = new Map(this.#copies.get(event.copy));
    else if (event.kind === 'call') return this.#judge(event.consumer, event);
    return undefined;
  }

  #judge(consumer: string, event: HomeCall): string | undefined {
    const record = this.#records.get(consumer);
    switch (event.answer?.outcome) {
      case 'claimed':
        return this.#claimed(consumer, record, event as HomeCall & { call: 'claim' });
      case 'held':
        return this.#held(consumer, record, event as HomeCall & { call: 'renew' });
      case 'committed':
        return this.#committed(consumer, record, event as HomeCall & { call: 'commit' });
      case 'done':
        return this.#released(consumer, record, event as HomeCall & { call: 'release' });
      default:
        return undefined;
    }
  }

  #released(consumer: string, record: Owned | undefined, { token }: HomeCall & { call: 'release' }): undefined {
    if (record === undefined || record.owner !== token.owner || record.renewal !== token.renewal) return;
    this.#records.set(consumer, { ...record, owner: '' });
  }

  #claimed(
    consumer: string,
    record: Owned | undefined,
    { request, answer }: HomeCall & { call: 'claim' },
  ): string | undefined {
    if (record?.owner === request.owner) return undefined;
    if ((record?.epoch ?? 0) !== request.expectedEpoch)
      return `a claim was granted that expected epoch ${request.expectedEpoch}, but ${record?.epoch} was stored`;
    const { epoch } = answer as { readonly epoch: number };
    if (epoch <= Math.max(record?.epoch ?? 0, request.ownEpoch))
      return `a claim got epoch ${epoch}, which is not above the one before`;
    this.#records.set(consumer, {
      owner: request.owner,
      renewal: 0,
      epoch,
      commitId: record?.commitId ?? request.owner,
    });
    return undefined;
  }

  #held(
    consumer: string,
    record: Owned | undefined,
    { token, answer }: HomeCall & { call: 'renew' },
  ): string | undefined {
    if (record === undefined || record.owner !== token.owner) return 'a renewal of an earlier owner was held';
    if (record.renewal > token.renewal)
      return `a renewal under number ${token.renewal} was held after ${record.renewal}`;
    const { commitId } = answer as { readonly commitId: string };
    if (commitId !== record.commitId)
      return `a renewal answered commit ${commitId}, but ${record.commitId} was the last`;
    this.#records.set(consumer, { ...record, renewal: token.renewal });
    return undefined;
  }

  #committed(
    consumer: string,
    record: Owned | undefined,
    { token, commit }: HomeCall & { call: 'commit' },
  ): string | undefined {
    if (record === undefined || record.owner !== token.owner) return 'a commit of an earlier owner was applied';
    if (record.renewal !== token.renewal)
      return `a commit under renewal ${token.renewal} was applied, but ${record.renewal} is stored`;
    if (record.commitId === commit.commitId) return `commit ${commit.commitId} was applied twice`;
    if (record.commitId !== commit.base)
      return `a commit on ${commit.base} was applied, but ${record.commitId} was the last`;
    this.#records.set(consumer, { ...record, commitId: commit.commitId });
    return undefined;
  }
}

/** G3: no claim, renewal or commit took effect that its token, its epoch or its base did not allow. */
export function checkFencing({ events }: Pick<Evidence, 'events'>): string[] {
  const registrar = new Registrar();
  return events.flatMap((event) => {
    const problem = registrar.follow(event);
    return problem === undefined || event.kind !== 'call' ? [] : [`${event.process}: ${problem}`];
  });
}
