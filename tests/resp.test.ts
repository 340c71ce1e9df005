import { describe, expect, test } from 'vitest';
import { encodeRequest, FrameSplitter } from './support/resp.js';

describe('FrameSplitter', () => {
  const frames = [
    '+OK\r\n',
    '-ERR no\r\n',
    ':7\r\n',
    '$-1\r\n',
    '$5\r\na\r\nbc\r\n',
    '*2\r\n$1\r\na\r\n*1\r\n:1\r\n',
    '*-1\r\n',
    '%1\r\n+k\r\n~1\r\n#t\r\n',
    '|1\r\n+ttl\r\n:1\r\n$1\r\nx\r\n',
    '>2\r\n+invalidate\r\n_\r\n',
  ];

  test('finds every value when they arrive together', () => {
    expect(new FrameSplitter().push(Buffer.from(frames.join(''))).map(String)).toEqual(frames);
  });

  test('finds every value when they arrive byte by byte', () => {
    const splitter = new FrameSplitter();
    const bytes = Buffer.from(frames.join(''));
    const found = [...bytes].flatMap((_, i) => splitter.push(bytes.subarray(i, i + 1)).map(String));
    expect(found).toEqual(frames);
  });

  test('takes a request for one value', () => {
    const request = encodeRequest(['SET', 'k\r\n', Buffer.from([0, 255])]);
    expect(new FrameSplitter().push(request)).toEqual([request]);
  });
});
