import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { HotvecError, invalidInput } from '../../errors.ts';
import { linger } from './lingering-close.ts';

/** `uri-host [ ":" port ]` of RFC 9110, 7.2: a registered name or an address; none is not an error. */
const HOST = /^(\[[\da-f:.]+\]|[\w.~!$&'()*+,;=%-]*)(:\d*)?$/i;
/** What this server has for any path. */
const METHODS = 'GET, HEAD, POST, DELETE, OPTIONS';
/** `*`, which is not a path, and which the router takes for `/`. */
const WHOLE_SERVER = '/*';
/** A request target in absolute form, as clients send it to proxies: RFC 9112, 3.2.2. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)/i;

/** Rules of HTTP that Node would enforce with an empty answer, or not at all; here they get the envelope, an id and a log line. */
export function registerProtocolRules(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (raw.httpVersionMajor !== 1) throw unreadable(reply, 'Only HTTP 1.1 and 1.0 are supported.');
    if (raw.method === 'CONNECT') {
      void reply.header('allow', METHODS);
      throw new HotvecError('method_not_allowed', 'CONNECT is not allowed: this is not a proxy.');
    }
    checkHost(raw);
    checkTransferEncoding(raw, reply);
    // RFC 9110, 9.3.7: of the server as a whole only its options can be asked.
    if (raw.method !== 'OPTIONS' || raw.url !== WHOLE_SERVER) return;
    return reply.code(204).header('allow', METHODS).send();
  });
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    app.server.prependListener(event, (request: IncomingMessage) => {
      if (request.url === '*') request.url = WHOLE_SERVER;
      readAbsoluteForm(request);
    });
  }
  // 100 Continue is said where the body is about to be read, after key, length and room were checked (json-body.ts).
  app.server.on('checkContinue', (request, response) => app.routing(request, response));
  // RFC 9110, 10.1.1: expectations other than 100-continue may be refused or ignored.
  app.server.on('checkExpectation', (request, response) => app.routing(request, response));
  // Node would close the connection without a word.
  app.server.on('connect', (request: IncomingMessage, socket: Socket) => {
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => {
      response.detachSocket(socket);
      linger(socket);
    });
    socket.on('error', () => socket.destroy());
    // It names a host to connect to: there is no path.
    request.url = WHOLE_SERVER;
    app.routing(request, response);
  });
}

/**
 * Clients that take this server for a proxy send the whole URL; its host goes before that of the header: RFC 9112, 3.2.2.
 * What comes after sees the path alone.
 */
function readAbsoluteForm(request: IncomingMessage): void {
  const { url = '', headers } = request;
  const [start, host] = ABSOLUTE_FORM.exec(url) ?? [];
  if (start === undefined) return;
  headers.host = host;
  const rest = url.slice(start.length);
  request.url = rest.startsWith('/') ? rest : `/${rest}`;
}

/** Whether to say that the body may come: RFC 9110, 10.1.1. An older client would take that for the answer. */
export function expectsContinue({ httpVersion, headers }: IncomingMessage): boolean {
  const { expect = '', 'content-length': length, 'transfer-encoding': encoding } = headers;
  if (httpVersion !== '1.1' || (encoding === undefined && Number(length ?? 0) === 0)) return false;
  return expect.split(',').some((expectation) => expectation.trim().toLowerCase() === '100-continue');
}

/** For a body of another type. */
export function notJson(): HotvecError {
  const message = 'The request body must be JSON, sent with content-type: application/json.';
  return new HotvecError('unsupported_media_type', message);
}

/** RFC 9112, 3.2. What stands in front may go by another one of two. @throws {HotvecError} */
function checkHost({ headers, httpVersion, rawHeaders }: IncomingMessage): void {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  const wrong = (what: string) => invalidInput(`The request has ${what}.`, 'host');
  if (hosts === 0 && httpVersion === '1.1') throw wrong('no host header');
  if (hosts > 1) throw wrong('more than one host header');
  if (!HOST.test(headers.host ?? '')) throw wrong('an invalid host header');
}

/** @throws {HotvecError} */
function checkTransferEncoding({ headers, httpVersion }: IncomingMessage, reply: FastifyReply): void {
  const encoding = headers['transfer-encoding'];
  if (encoding === undefined) return;
  const refuse = (message: string) => unreadable(reply, message, 'transfer-encoding');
  // Node takes any list that ends in chunked, also over several lines. What stands in front may see another request there.
  if (encoding.trim().toLowerCase() !== 'chunked') throw refuse('The only supported transfer-encoding is chunked.');
  // RFC 9112, 6.1: something in front that knows no chunks may have passed them on.
  if (httpVersion !== '1.1') throw refuse('HTTP/1.0 has no transfer-encoding; send content-length.');
}

/** Where the next request on the connection begins is not sure. */
function unreadable(reply: FastifyReply, message: string, param?: string): HotvecError {
  void reply.header('connection', 'close');
  return new HotvecError('invalid_input', message, param === undefined ? {} : { param });
}
