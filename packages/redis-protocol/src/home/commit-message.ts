import { CommitError, type Commit, type FailedAttempt, type StateChange } from '@ars/core';
import type { KeyLayout } from '../key-layout.js';
import { Packer } from '../packing/pack.js';
import { ENTRY_VALUES_MAX } from '../scripts/fragments.js';
import type { HomeKeys } from './keys.js';

/** A commit as its script takes it. */
export interface CommitMessage {
  readonly keys: readonly string[];
  /** Which stream each key stands for, where it is one; same order as `keys`. */
  readonly streams: readonly (string | undefined)[];
  readonly content: Buffer;
}

/** The KEYS of one commit, each once, with their index as the script counts them. */
class KeyIndex {
  readonly keys: string[] = [];
  readonly streams: (string | undefined)[] = [];
  readonly #indexes = new Map<string, string>();

  add(key: string, stream?: string): string {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = String(this.keys.push(key));
    this.streams.push(stream);
    this.#indexes.set(key, index);
    return index;
  }
}

/**
 * Packs a commit into the keys and the one argument of its script; `expectedBytes` spares growing. Throws `CommitError`
 * for an entry that the script could not append: it would fail in the middle of its writes.
 */
export function commitMessage(commit: Commit, keys: HomeKeys, layout: KeyLayout, expectedBytes: number): CommitMessage {
  const index = new KeyIndex();
  index.add(keys.record);
  const packer = new Packer(expectedBytes);
  packer.array(10).value(commit.commitId).value(commit.base);
  packCursors(packer, commit, keys, layout, index);
  packState(packer, commit.state);
  packer.value(keys.state === undefined ? '' : index.add(keys.state));
  packPublishes(packer, commit, layout, index);
  packer.value(encodeAttempt(commit.attempt)).value(encodeAttempt(commit.suspect));
  return { keys: index.keys, streams: index.streams, content: packer.finish() };
}

function packCursors(packer: Packer, commit: Commit, keys: HomeKeys, layout: KeyLayout, index: KeyIndex): void {
  packer.array(commit.cursors.length);
  for (const { stream, position, read } of commit.cursors) {
    const registry = keys.registries.get(stream);
    packer.array(5).value(stream).value(position).value(String(read));
    if (registry === undefined) packer.value('').value('');
    else packer.value(index.add(registry)).value(index.add(layout.stream(stream), stream));
  }
}

function packState(packer: Packer, state: StateChange | undefined): void {
  if (state === undefined) {
    packer.array(0);
    return;
  }
  const { header } = state;
  packer.array(3).array(header === undefined ? 0 : 3);
  if (header !== undefined)
    packer.value(String(header.version)).value(JSON.stringify(header.declared)).value(header.serializer);
  packer.array(state.set.length * 2);
  for (const [attribute, value] of state.set) packer.prefixed('a:', attribute).value(value);
  packer.array(state.deleted.length);
  for (const attribute of state.deleted) packer.prefixed('a:', attribute);
}

/** The entries that follow each other and are alike, as the script takes them; see `COMMIT`. */
interface Run {
  readonly stream: string;
  readonly target: string;
  readonly size: number;
  entries: number;
}

/** All values go into one list, and alike entries are told once, since a list of its own for each costs the script time. */
function packPublishes(packer: Packer, { publishes }: Commit, layout: KeyLayout, index: KeyIndex): void {
  const runs: Run[] = [];
  let values = 0;
  for (const { stream, fields } of publishes) {
    const size = fields.length;
    values += size;
    const last = runs.at(-1);
    if (last?.stream === stream && last.size === size) last.entries += 1;
    else {
      if (size > ENTRY_VALUES_MAX) throw tooWide(stream, size / 2);
      runs.push({ stream, target: index.add(layout.stream(stream), stream), size, entries: 1 });
    }
  }
  packer.array(values);
  for (const { fields } of publishes) packer.values(fields);
  packer.array(runs.length * 3);
  for (const { target, size, entries } of runs) packer.value(target).value(String(size)).value(String(entries));
  const targets = new Set(runs.map(({ target }) => target));
  packer.array(targets.size).values([...targets]);
}

/** What handlers publish is bounded far below this, so such an entry is a dead letter: an entry as it was read, and why. */
function tooWide(stream: string, fields: number): CommitError {
  return new CommitError(
    `An entry has too many fields for a dead letter in stream '${stream}': with those that a dead letter adds they are ` +
      `${fields}, and Redis can take ${ENTRY_VALUES_MAX / 2} in a commit`,
    { stream, reason: 'TOO_MANY_FIELDS', fields },
  );
}

/** `<count>,<id>,<stream>`; empty for none. The stream's name comes last because it may hold commas. */
function encodeAttempt(attempt: FailedAttempt | undefined): string {
  return attempt === undefined ? '' : `${attempt.count},${attempt.id},${attempt.stream}`;
}

/** Reads what `encodeAttempt` wrote; `undefined` for a field that is missing. */
export function decodeAttempt(text: string | undefined): FailedAttempt | undefined {
  if (text === undefined) return undefined;
  const [count, id] = text.split(',', 2) as [string, string];
  return { count: Number(count), id, stream: text.slice(count.length + id.length + 2) };
}
