import type { StoredValue } from '../domain/fields.js';

/** What a key's stored state begins with, and the rest of it. */
export interface KeyedHeader {
  readonly version: number;
  /** Milliseconds since 1970 by entries' timestamps; `undefined` for never. */
  readonly expiresAt: number | undefined;
  readonly serializer: string;
  /** What the serializer gave. */
  readonly payload: StoredValue;
}

const HEADER = /^(0|[1-9]\d{0,15}),(0|[1-9]\d{0,15}|),([^,]+),/;
const COMMA = 0x2c;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Writes a serializer's name so that it contains no comma. */
export function escapeName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll(',', '%2C');
}

function unescapeName(escaped: string): string | undefined {
  if (!escaped.includes('%')) return escaped;
  if (/%(?!25|2C)/.test(escaped)) return undefined;
  return escaped.replaceAll('%2C', ',').replaceAll('%25', '%');
}

/** Takes a key's stored state apart; `undefined` for one that does not begin as `joinHeader` writes it. */
export function splitHeader(stored: StoredValue): KeyedHeader | undefined {
  const text = typeof stored === 'string' ? stored : headerText(stored);
  const match = text === undefined ? null : HEADER.exec(text);
  if (match === null) return undefined;
  const version = Number(match[1]);
  const expiresAt = match[2] === '' ? undefined : Number(match[2]);
  const serializer = unescapeName(match[3]!);
  if (serializer === undefined || !Number.isSafeInteger(version) || !Number.isSafeInteger(expiresAt ?? 0)) {
    return undefined;
  }
  const payload =
    typeof stored === 'string' ? stored.slice(match[0].length) : stored.subarray(Buffer.byteLength(match[0]));
  return { version, expiresAt, serializer, payload };
}

/** The header of stored bytes, up to and with its third comma. */
function headerText(stored: Uint8Array): string | undefined {
  let end = -1;
  for (let commas = 0; commas < 3; commas++) {
    end = stored.indexOf(COMMA, end + 1);
    if (end < 0) return undefined;
  }
  try {
    return utf8.decode(stored.subarray(0, end + 1));
  } catch {
    return undefined;
  }
}

/** Puts a header before what a serializer gave: bytes before bytes, text before text. */
export function joinHeader(header: string, payload: StoredValue): StoredValue {
  if (typeof payload === 'string') return header + payload;
  const length = Buffer.byteLength(header);
  const joined = new Uint8Array(length + payload.length);
  Buffer.from(joined.buffer).write(header);
  joined.set(payload, length);
  return joined;
}
