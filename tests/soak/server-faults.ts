import { RespClient } from '../support/resp.js';
import { waitFor } from '../support/wait.js';
import type { Dice } from './dice.js';
import type { Figures } from './figures.js';
import type { World } from './world.js';

/** The time that a fault lasts is the fault. */
export const last = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** One fault that begins and ends; nothing is left of it when it resolves. */
type ServerFault = (world: World, dice: Dice) => Promise<unknown>;

/** Calls, some more often than others. */
const FAULTS: Readonly<Record<string, ServerFault>> = {
  'server killed and restarted': async (world, dice) => {
    await world.primary.server.kill('SIGKILL');
    await last(dice.between(0, 1_500));
    await restart(world);
  },
  'server paused': async ({ primary: { server } }, dice) => {
    await server.kill('SIGSTOP');
    await last(dice.between(100, 3_500));
    await server.kill('SIGCONT');
  },
  'replica killed and restarted': async (world, dice) => {
    await world.replica.server.kill('SIGKILL');
    await last(dice.between(0, 1_000));
    await start(() => world.replica.server.restart());
    await world.attachReplica();
  },
  'replica paused': async ({ replica: { server } }, dice) => {
    await server.kill('SIGSTOP');
    await last(dice.between(200, 2_500));
    await server.kill('SIGCONT');
  },
  'failover without loss': async (world, dice) => {
    await waitFor(() => world.isInSync(), 'the replica to follow', 60_000);
    const isDone = await world.failOver();
    await last(dice.between(0, 800)); // the links still lead to the old primary, which answers READONLY
    if (isDone) world.retarget();
  },
  'out of memory': async ({ client }, dice) => {
    await client.config('SET', 'maxmemory', '1');
    await last(dice.between(100, 1_500));
    await client.config('SET', 'maxmemory', '0');
  },
  'read only': async (world, dice) => {
    // A primary that does not exist: what is here stays, and nothing is written until it leads again.
    await world.client.config('SET', 'replica-serve-stale-data', dice.pick(['yes', 'no']));
    await world.client.replicaof('127.0.0.1', 1);
    await last(dice.between(100, 1_500));
    await world.client.replicaof('NO', 'ONE');
    await world.client.config('SET', 'replica-serve-stale-data', 'yes');
  },
  'busy with a script': async ({ primary: { server } }, dice) => {
    const busy = await RespClient.connect(server.port);
    void busy.send('EVAL', 'while true do end', 0).catch(() => {});
    await last(dice.between(150, 1_500));
    const killer = await RespClient.connect(server.port);
    await waitFor(
      async () => /^(OK|Error: NOTBUSY)/.test(String(await killer.send('SCRIPT', 'KILL'))),
      'the script to end',
      60_000,
    );
    busy.close();
    killer.close();
  },
  'scripts flushed': ({ client }) => client.script('FLUSH'),
  'connections killed': ({ client }) => client.call('CLIENT', 'KILL', 'TYPE', 'normal'),
  'target of a wrong type': async ({ client }, dice) => {
    await client.eval(
      "if redis.call('EXISTS', 'side') == 1 then redis.call('RENAME', 'side', 'parked') end redis.call('SET', 'side', 'no stream')",
      0,
    );
    await last(dice.between(100, 1_500));
    await repair(client);
  },
};

/** Meets the server with a fault drawn from the dice, and mends it. */
export async function faultServer(world: World, dice: Dice, figures: Figures): Promise<void> {
  const kind = dice.pick(Object.keys(FAULTS));
  figures.fault(kind);
  await FAULTS[kind]!(world, dice.fork());
  figures.trace(`${kind}: over`);
}

async function repair(client: World['client']): Promise<void> {
  await client.eval(
    "if redis.call('TYPE', 'side').ok == 'string' then redis.call('DEL', 'side') end if redis.call('EXISTS', 'parked') == 1 then redis.call('RENAME', 'parked', 'side') end",
    0,
  );
}

async function restart(world: World): Promise<void> {
  await start(() => world.primary.server.restart());
  await world.attachReplica();
}

/** Loading takes as long as it takes. */
async function start(attempt: () => Promise<void>): Promise<void> {
  for (let left = 5; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}
