import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server that is no hotvec says: a status, further headers and a body, written as JSON unless it is a string. */
export interface Said {
  status?: number;
  headers?: Record<string, string>;
  body: unknown;
}

/** A server on loopback that answers each request as `answer` says. Close it when done. */
export async function startAnswering(
  answer: (path: string, body: string, request: IncomingMessage) => Said | Promise<Said>,
): Promise<{ url: string; close: () => void }> {
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const said = await answer(request.url ?? '', body, request);
    response.writeHead(said.status ?? 200, { 'content-type': 'application/json', ...said.headers });
    response.end(typeof said.body === 'string' ? said.body : JSON.stringify(said.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
