const SLOTS = 16_384;
const TABLE = crcTable();

/** The table of CRC16/XMODEM, which Redis Cluster spreads keys by (polynomial 0x1021). */
function crcTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc;
  }
  return table;
}

/**
 * The part of a key in braces that alone decides its slot: between the first `{` and the next `}`, if that is not
 * empty. `undefined` when the whole key counts. See https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/.
 */
export function hashTag(key: string): string | undefined {
  const open = key.indexOf('{');
  if (open < 0) return undefined;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : undefined;
}

/** The slot of a key on Redis Cluster, 0 to 16,383, as `CLUSTER KEYSLOT` answers it. */
export function hashSlot(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(hashTag(key) ?? key)) crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ byte]!;
  return crc % SLOTS;
}
