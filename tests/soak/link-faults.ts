import { connect } from 'node:net';
import type { FaultProxy } from '../support/proxy.js';
import type { Dice } from './dice.js';
import type { Figures } from './figures.js';
import { last } from './server-faults.js';
import type { World } from './world.js';

/** Requests of the scripts, by SHA or by body. Nothing else writes. */
const isScript = (request: Buffer): boolean => request.subarray(0, 40).includes('EVAL');

interface LinkContext {
  readonly proxy: FaultProxy;
  readonly dice: Dice;
  readonly figures: Figures;
  readonly world: World;
}

const FAULTS: Readonly<Record<string, (context: LinkContext) => unknown>> = {
  'replies lost': async ({ proxy, dice }) => {
    let isOn = true;
    const isMeant = dice.pick([isScript, isScript, () => true]);
    for (let left = dice.between(1, 3); left > 0; left -= 1)
      void proxy.loseNextReply((request) => isOn && isMeant(request));
    await last(dice.between(500, 2_000)); // or each process that starts would meet what is left of it
    isOn = false;
  },
  'connections cut': ({ proxy }) => proxy.cutAll(),
  'replies vanish': async ({ proxy, dice }) => {
    proxy.blackhole(true);
    await last(dice.between(200, 4_000));
    proxy.blackhole(false);
  },
  'replies delayed': async ({ proxy, dice }) => {
    proxy.delay(dice.between(5, 400));
    await last(dice.between(200, 2_000));
    proxy.delay(0);
  },
  'requests sent twice': async ({ proxy, dice, figures }) => {
    const before = proxy.duplicates;
    proxy.duplicate((request) => isScript(request) && dice.next() < 0.5);
    await last(dice.between(200, 3_000));
    proxy.duplicate(() => false);
    figures.repeats += proxy.duplicates - before;
  },
  'copies come late': (context) => deliverLate(context),
};

/** Meets a link with a fault drawn from the dice. Windows stay open behind this call; `done` tells when this one is closed. */
export function faultLink(world: World, dice: Dice, figures: Figures): { done: Promise<unknown> } {
  const kind = dice.pick(Object.keys(FAULTS));
  const proxy = dice.pick(world.proxies);
  figures.fault(kind, `at ${world.nameOf(proxy)}`);
  return { done: Promise.resolve(FAULTS[kind]!({ proxy, dice: dice.fork(), figures, world })) };
}

/** Packets that were on their way for long: copies of some requests reach the server again, up to some seconds later. */
async function deliverLate({ proxy, dice, figures, world }: LinkContext): Promise<void> {
  let isOn = true;
  const copies: Promise<void>[] = [];
  // A loss that matches nothing sees every request.
  void proxy.loseNextReply((request) => {
    if (isOn && isScript(request) && dice.next() < 0.3) {
      const copy = Buffer.from(request);
      copies.push(last(dice.between(0, 4_000)).then(() => sendOnce(copy, world.primary.server.port)));
    }
    return false;
  });
  await last(dice.between(200, 2_000));
  isOn = false;
  figures.repeats += copies.length;
  await Promise.all(copies);
}

function sendOnce(request: Buffer, port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('error', () => {});
    socket.on('data', () => socket.destroy());
    socket.on('close', () => resolve());
    socket.write(request);
  });
}
