import type { FastifyInstance } from 'fastify';
import { StartError } from './errors.ts';

/** Where to listen, and the settings that say so. */
export interface ListenAddress {
  host: string;
  port: number;
  hostSetting: string;
  portSetting: string;
}

/**
 * Opens a port.
 * @returns its address, e.g. `http://127.0.0.1:8080`.
 * @throws {StartError} what is wrong with it, and which setting to change.
 */
export async function listen(app: FastifyInstance, address: ListenAddress): Promise<string> {
  const { host, port } = address;
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw new StartError(`Cannot listen on ${host}:${port}: ${explain(error as NodeJS.ErrnoException, address)}`);
  }
}

function explain({ code, message }: NodeJS.ErrnoException, { hostSetting, portSetting }: ListenAddress): string {
  if (code === 'EADDRINUSE') {
    return `the port is taken. Set ${portSetting} to another one, or stop the program that uses it.`;
  }
  if (code === 'EACCES') return `not permitted. Set ${portSetting} to one above 1023.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return `this machine has no such address. Check ${hostSetting}.`;
  }
  return message;
}
