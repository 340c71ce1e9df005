import { createClient, createCluster, createSentinel, defineScript, RESP_TYPES } from 'redis';
import { expectTypeOf, test } from 'vitest';
import { createNodeRedisStore, type NodeRedisConnection } from '@ars/node-redis';

const script = defineScript({
  SCRIPT: 'return 1',
  NUMBER_OF_KEYS: 0,
  parseCommand: () => {},
  transformReply: (reply: number) => reply,
});
const typeMapping = { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.MAP]: Array };

/** Every kind of connection; never called, since that this compiles is the test. */
async function everyConnection(accept: (connection: NodeRedisConnection) => void): Promise<void> {
  accept('redis://localhost');
  accept({});
  accept({ url: 'redis://localhost', database: 1, pingInterval: 1000, RESP: 2, modules: {} });
  accept({ socket: { host: 'a', port: 1, tls: true, ca: 'x' }, username: 'u', password: 'p', keyPrefix: 'app:' });
  accept({ socket: { path: '/tmp/redis.sock', tls: false } });

  accept(createClient());
  accept(createClient({ RESP: 2 }));
  accept(createClient({ RESP: 3 }));
  accept(createClient({ RESP: 3, commandOptions: { typeMapping } }));
  accept(createClient({ scripts: { one: script }, modules: {} }));
  accept(createClient().withTypeMapping(typeMapping));
  accept(
    await createClient({ RESP: 2 })
      .on('error', () => {})
      .connect(),
  );
  accept(createClient().duplicate());

  const rootNodes = [{ url: 'redis://localhost:7000' }];
  accept({ rootNodes, defaults: { username: 'u' }, useReplicas: true, keyPrefix: 'app:' });
  accept(createCluster({ rootNodes }));
  accept(createCluster({ rootNodes, RESP: 2, nodeAddressMap: { 'a:1': { host: 'b', port: 2 } } }));
  accept(createCluster({ rootNodes, RESP: 3, commandOptions: { typeMapping }, scripts: { one: script } }));
  accept(createCluster({ rootNodes }).withTypeMapping(typeMapping));

  const sentinels = { name: 'mymaster', sentinelRootNodes: [{ host: 'a', port: 1 }] };
  accept({ ...sentinels, nodeClientOptions: { password: 'p' } });
  accept(createSentinel(sentinels));
  accept(createSentinel({ ...sentinels, RESP: 2, masterPoolSize: 4 }));
  accept(createSentinel({ ...sentinels, commandOptions: { typeMapping }, scripts: { one: script } }));

  // @ts-expect-error -- port belongs under socket
  accept({ host: 'localhost' });
  // @ts-expect-error -- a list of nodes is given as rootNodes
  accept([{ host: 'localhost' }]);
  // @ts-expect-error -- no connection
  accept(6379);
}

test('every client made by createClient, createCluster and createSentinel is accepted', () => {
  expectTypeOf(everyConnection).toBeFunction();
  expectTypeOf(createNodeRedisStore).parameter(0).toEqualTypeOf<NodeRedisConnection>();
});
