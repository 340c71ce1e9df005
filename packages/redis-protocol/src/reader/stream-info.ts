import type { EntryId } from '@ars/core';
import { RedisReplyError, type RedisReply } from '../driver.js';
import type { Link } from '../link/link.js';
import { rawEntryBytes } from './entries.js';

/** What XINFO STREAM knows of a stream at one moment. */
export interface StreamInfo {
  readonly added: number;
  readonly length: number;
  readonly lastId: EntryId;
  readonly firstId: EntryId;
  /** The largest ID that XDEL ever removed; trimming does not move it. */
  readonly deletedId: EntryId;
  /** About how many bytes the newest entry takes; 0 without one. */
  readonly newestBytes: number;
}

/** Asks for a stream. `undefined` where the server refuses, as for a missing key: a script then tells what is so. */
export async function streamInfo(link: Link, key: string): Promise<StreamInfo | undefined> {
  try {
    return decodeInfo(await link.send(['XINFO', 'STREAM', key]));
  } catch (error) {
    if (error instanceof RedisReplyError) return undefined;
    throw error;
  }
}

function decodeInfo(reply: RedisReply): StreamInfo {
  const flat = reply as readonly RedisReply[];
  const by = new Map<string, RedisReply>();
  for (let i = 0; i < flat.length; i += 2) by.set(String(flat[i]), flat[i + 1]!);
  const newest = by.get('last-entry');
  return {
    added: by.get('entries-added') as number,
    length: by.get('length') as number,
    lastId: String(by.get('last-generated-id')),
    firstId: String(by.get('recorded-first-entry-id')),
    deletedId: String(by.get('max-deleted-entry-id')),
    newestBytes: Array.isArray(newest) ? rawEntryBytes(newest as unknown as [Buffer, Buffer[]]) : 0,
  };
}
