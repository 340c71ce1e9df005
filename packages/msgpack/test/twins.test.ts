import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

test.each(['src/kind.ts', 'src/place.ts', 'src/sound-value.ts', 'test/values.ts'])(
  '%s says the same as in @ars/superjson, so both refuse the same values in the same words',
  (path) => {
    expect(read(`../${path}`)).toBe(read(`../../superjson/${path}`));
  },
);
