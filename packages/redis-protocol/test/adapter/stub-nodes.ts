import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { NodeAddress } from '@ars/redis-protocol';

const host = '127.0.0.1';

/** What a stub answers to a command, given as its words; empty for nothing. `port` is its own. */
export type StubAnswer = (command: string, port: number) => string;

/** Listeners that answer what they are told to, for what no real server can be brought to say or not to say. */
export class StubNodes {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  async start(answer: StubAnswer): Promise<NodeAddress> {
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      const { port } = server.address() as AddressInfo;
      const answerAll = (chunk: Buffer) => {
        for (const command of commandsIn(chunk)) socket.write(answer(command, port));
      };
      socket.on('error', () => {}).on('data', answerAll);
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    this.#servers.push(server);
    return { host, port: (server.address() as AddressInfo).port };
  }

  /** Nodes that accept connections and never say anything. */
  startMute(count: number): Promise<NodeAddress[]> {
    return Promise.all(Array.from({ length: count }, () => this.start(() => '')));
  }

  /** Ends all that were started. */
  end(): void {
    for (const server of this.#servers.splice(0)) server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }
}

/** A bulk string. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** The words of the commands in a chunk, which here are never cut. */
function commandsIn(chunk: Buffer): string[] {
  const commands = String(chunk).split(/(?=^\*\d+\r\n)/m);
  return commands.map((command) => [...command.matchAll(/^\$\d+\r\n(.*)\r\n/gm)].map(([, word]) => word).join(' '));
}
