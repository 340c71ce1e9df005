import type { Scene } from './fixture.js';

/** Everything that is stored under keys with this tag: their bytes, and what XINFO tells of streams. */
export async function snapshotOf(scene: Scene, tag: string): Promise<Record<string, string>> {
  const keys = (await scene.do('KEYS', `*{${tag}}*`)) as string[];
  const all: Record<string, string> = {};
  for (const key of [...keys].sort()) {
    const dump = (await scene.raw('DUMP', key)) as Buffer;
    const isStream = (await scene.do('TYPE', key)) === 'stream';
    all[key] = `${dump.toString('hex')} ${isStream ? JSON.stringify(await scene.do('XINFO', 'STREAM', key)) : ''}`;
  }
  return all;
}
