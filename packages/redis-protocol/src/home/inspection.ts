import { SerializationError } from '@ars/core';
import type { EntryId, Inspection, StoredRecord, StoredState, StoredValue, StreamCursor } from '@ars/core';
import { Unpacker } from '../packing/unpack.js';
import { decodeAttempt } from './commit-message.js';

/** Reads what inspect and claim answer about a consumer (see `STORED_CONSUMER`). */
export function decodeInspection(packed: Buffer, recordKey: string): Inspection {
  const unpacker = new Unpacker(packed);
  unpacker.array();
  const now = Number(unpacker.text());
  const record = textFields(unpacker);
  const isRegistered = unpacker.text() === '1';
  const state = unpacker.array();
  return {
    record: record.size === 0 ? undefined : decodeRecord(record, now),
    isRegistered,
    state: state === 0 ? undefined : decodeState(unpacker, state / 2, recordKey),
  };
}

function textFields(unpacker: Unpacker): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (let left = unpacker.array(); left > 0; left -= 2) fields.set(unpacker.text(), unpacker.text());
  return fields;
}

function decodeRecord(fields: ReadonlyMap<string, string>, now: number): StoredRecord {
  const heartbeat = Number(fields.get('heartbeat') ?? 0);
  return {
    layout: fields.get('layout') ?? '',
    epoch: Number(fields.get('epoch') ?? 0),
    owner: fields.get('owner') ?? '',
    heartbeat,
    quietMs: Math.max(0, now - heartbeat),
    commitId: fields.get('commitId') ?? '',
    cursors: decodeCursors(fields),
    stateCommit: fields.get('stateCommit'),
    serializer: fields.get('serializer'),
    attempt: decodeAttempt(fields.get('attempt')),
    suspect: decodeAttempt(fields.get('suspect')),
  };
}

function decodeCursors(fields: ReadonlyMap<string, string>): StreamCursor[] {
  const cursors: StreamCursor[] = [];
  for (const [field, position] of fields) {
    if (!field.startsWith('position:')) continue;
    const stream = field.slice('position:'.length);
    cursors.push({ stream, position: position as EntryId, read: Number(fields.get(`read:${stream}`) ?? 0) });
  }
  return cursors;
}

function decodeState(unpacker: Unpacker, fields: number, recordKey: string): StoredState {
  const attributes = new Map<string, StoredValue>();
  const reserved = new Map<string, string>();
  for (let left = fields; left > 0; left -= 1) {
    const field = unpacker.text();
    if (field.startsWith('a:')) attributes.set(field.slice(2), unpacker.value());
    else reserved.set(field, unpacker.text());
  }
  const owner = reserved.get('owner') ?? '';
  return {
    owner,
    isOwn: owner === recordKey,
    commitId: reserved.get('commit') ?? '',
    version: /^\d+$/.test(reserved.get('version') ?? '') ? Number(reserved.get('version')) : Number.NaN,
    declared: decodeDeclared(reserved.get('declared')),
    attributes,
  };
}

/** Which attributes were declared decides whether one was removed since, so a list that cannot be read is not guessed at. */
function decodeDeclared(text: string | undefined): readonly string[] {
  const list = parsed(text ?? '');
  if (Array.isArray(list) && list.every((name) => typeof name === 'string')) return list;
  throw new SerializationError("The field 'declared' of a stored state cannot be read. It was left as it is.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
