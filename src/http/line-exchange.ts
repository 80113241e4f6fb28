import { IncomingMessage, type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';

/** A request that comes over no connection. */
export interface InnerRequest {
  /** Path. */
  url: string;
  headers: Readonly<Record<string, string>>;
  /** JSON. */
  body: Buffer;
}

export interface InnerAnswer {
  status: number;
  headers: OutgoingHttpHeaders;
  body: Buffer;
}

/** What answers a request as an HTTP server does, Fastify's `routing`. */
type Route = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Posts a request to an application that has no port. As Fastify's `inject` does, but for what that leaves behind: the
 * closures in its answers keep each request alive until all of the memory is collected, which stops the thread for
 * milliseconds, every second or so.
 * @throws {Error} when the answer ends before it is whole.
 */
export function exchange(route: Route, { url, headers, body }: InnerRequest): Promise<InnerAnswer> {
  // Of any length: nobody waits for a drain.
  const write: Writable['_write'] = (_chunk, _encoding, callback) => callback();
  const socket = new Writable({ highWaterMark: Number.MAX_SAFE_INTEGER, write }) as Socket;
  const request = new IncomingMessage(socket);
  request.method = 'POST';
  request.url = url;
  request.httpVersion = '1.1';
  request.headers = { ...headers, 'content-type': 'application/json', 'content-length': String(body.length) };
  request.push(body);
  request.push(null);
  request.complete = true;
  const response = new CollectedResponse(request);
  response.assignSocket(socket);
  const answer = response.whole();
  route(request, response);
  return answer;
}

/** Keeps its body, and sends nothing. */
class CollectedResponse extends ServerResponse {
  private readonly chunks: Buffer[] = [];

  whole(): Promise<InnerAnswer> {
    return new Promise((resolve, reject) => {
      this.once('finish', () => {
        resolve({ status: this.statusCode, headers: this.getHeaders(), body: Buffer.concat(this.chunks) });
        process.nextTick(() => this.destroy());
      });
      this.once('close', () => reject(new Error('the answer ended before it was whole')));
    });
  }

  /** Headers that come with the status are set before: Node forgets them once they are sent. */
  override writeHead(
    status: number,
    ...rest: (string | OutgoingHttpHeaders | OutgoingHttpHeader[] | undefined)[]
  ): this {
    const headers = rest.find((one): one is OutgoingHttpHeaders => typeof one === 'object' && !Array.isArray(one));
    for (const [name, value] of Object.entries(headers ?? {})) if (value !== undefined) this.setHeader(name, value);
    return super.writeHead(status);
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads are Node's.
  override write(chunk: any, ...rest: any[]): boolean {
    this.keep(chunk, rest[0]);
    return super.write(chunk, ...(rest as []));
  }

  // biome-ignore lint/suspicious/noExplicitAny: the overloads are Node's.
  override end(chunk?: any, ...rest: any[]): this {
    if (chunk != null && typeof chunk !== 'function') this.keep(chunk, rest[0]);
    return super.end(chunk, ...(rest as []));
  }

  private keep(chunk: string | Uint8Array, encoding: unknown): void {
    this.chunks.push(typeof chunk === 'string' ? Buffer.from(chunk, encoding as BufferEncoding) : (chunk as Buffer));
  }
}
