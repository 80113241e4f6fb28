import process from 'node:process';
import { HttpClient } from './http-client.ts';
import { closedLoop, type LoadResult, openLoop } from './load.ts';
import type { LoadOrder } from './load-generator.ts';

// The process that sends the load: `load-generator.ts` starts it and gives the orders, one after the other.
const clients = new Map<string, HttpClient>();

process.on('message', async (order: LoadOrder) => {
  try {
    process.send?.({ result: await carryOut(order) });
  } catch (error) {
    process.send?.({ error: (error as Error).message });
  }
});
// No one left to send for.
process.on('disconnect', () => process.exit());

async function carryOut({ target, bodies, manner }: LoadOrder): Promise<LoadResult> {
  const { url, path, headers } = target;
  const key = JSON.stringify([url, headers]);
  const client = clients.get(key) ?? new HttpClient(url, null, headers);
  clients.set(key, client);
  if ('clients' in manner) return closedLoop(client, path, bodies, manner.clients);
  return openLoop(client, path, bodies, manner.rate, manner.seed, manner.requests);
}
