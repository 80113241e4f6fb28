import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { StartError } from '../../errors.ts';

/** Where to listen. */
export interface ListenAddress {
  host: string;
  port: number;
  /** Of the settings that say so: `METRICS_`, or nothing before HOST and PORT. */
  prefix: '' | 'METRICS_';
}

/** The addresses that a name stands for on this machine. */
export type Resolve = (host: string) => Promise<string[]>;

const resolveAll: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

/**
 * Opens a port. At `localhost` on each of its addresses, 127.0.0.1 and ::1 where there are both: clients try either.
 * @returns its address, e.g. `http://127.0.0.1:8080`.
 * @throws {StartError} what is wrong with it, and which setting to change.
 */
export async function listen(
  app: FastifyInstance,
  address: ListenAddress,
  resolve: Resolve = resolveAll,
): Promise<string> {
  const { host, port } = address;
  try {
    const [first = host, ...others] = host.toLowerCase() === 'localhost' ? await resolve(host) : [host];
    const url = await app.listen({ host: first, port });
    for (const other of others) await listenAlso(app, other);
    return url;
  } catch (error) {
    throw new StartError(`Cannot listen on ${host}:${port}: ${explain(error as NodeJS.ErrnoException, address)}`);
  }
}

/**
 * Gives the connections of another address to the app's own server. Not by Fastify, which makes a second server at
 * `localhost`: what bounds slow and greedy clients looks at the connections of the first.
 */
async function listenAlso(app: FastifyInstance, host: string): Promise<void> {
  const { port } = app.server.address() as AddressInfo;
  const server = createServer((socket) => app.server.emit('connection', socket));
  server.listen({ host, port });
  app.server.once('close', () => server.close());
  // As with Fastify: the first one is enough.
  await once(server, 'listening').catch(() => {});
}

function explain({ code, message }: NodeJS.ErrnoException, { prefix }: ListenAddress): string {
  if (code === 'EADDRINUSE') {
    return `the port is already in use. Set ${prefix}PORT to another one, or stop the program that uses it.`;
  }
  if (code === 'EACCES') return `permission denied. Set ${prefix}PORT to a port above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `this machine has no such address. Check ${prefix}HOST.`;
  }
  return message;
}
