import type { Socket } from 'node:net';
import type { ConnectionError, FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HotvecError, unexpectedFacts } from '../../errors.ts';
import { isOutside } from '../door/base-path.ts';
import { linger, lingerUnlessComplete } from '../door/lingering-close.ts';
import { notJson } from '../door/protocol-rules.ts';
import { type ErrorFormat, openaiErrors } from './error-format.ts';
import { errorFields, errorTable } from './error-table.ts';
import { KnownRoutes } from './known-routes.ts';

/**
 * Answers every error, in the form that its route names in `config.errors` or else in the OpenAI envelope; logs the
 * unexpected ones, and says 404 or 405 for what is not there.
 * @param basePath of all paths.
 */
export function registerErrorHandling(app: FastifyInstance, basePath = ''): void {
  const routes = new KnownRoutes(app);

  app.setErrorHandler((error: FastifyError, request, reply) => {
    // Fastify looks at the headers of a QUERY before it says that there is none.
    if (request.is404 && !(error instanceof HotvecError)) return sayNotFound(request, reply);
    const known = toHotvecError(error);
    if (known.code === 'internal_error') {
      request.log.error(unexpectedFacts(error), 'unexpected error');
    } else if (known.cause !== undefined) {
      const cause = known.cause as Error;
      request.log.error({ code: known.code, cause: cause.message }, 'the engine failed a request');
    }
    return sendError(reply, known, formatFor(request));
  });

  app.setNotFoundHandler(sayNotFound);

  function sayNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const methods = routes.methodsAt(pathOf(request));
    // A route whose pattern matches may itself have found nothing there: a missing file under /docs.
    if (methods.length === 0 || methods.includes(request.method)) {
      const docs = routes.hasDocs ? `; ${basePath}/docs lists the paths` : '';
      const error = new HotvecError('not_found', `This path does not exist${hint(pathOf(request))}${docs}.`);
      return sendError(reply, error, formatFor(request));
    }
    const allowed = methods.join(', ');
    void reply.header('allow', allowed);
    const error = new HotvecError('method_not_allowed', `${request.method} is not allowed; use ${allowed}.`);
    return sendError(reply, error, formatFor(request));
  }

  /** What the client may have meant: most often its base URL has a part too many or too few. */
  function hint(path: string): string {
    if (isOutside(path)) return `: all paths of this server begin with ${basePath}`;
    const meant = routes.meantBy(path);
    if (meant === undefined) return '';
    return `. Did you mean ${meant.methods.join(' or ')} ${basePath}${meant.url}? Then a part of the client's base URL is missing or superfluous`;
  }

  /** A request that no route took has none to say it: those near its path do. */
  function formatFor(request: FastifyRequest): ErrorFormat {
    const { url, config } = request.routeOptions;
    if (url === undefined) return routes.errorsAt(pathOf(request));
    const form = config.otherForms?.find(({ body }) => (body as { title?: string }).title === request.bodyForm);
    return form?.errors ?? config.errors ?? openaiErrors;
  }
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] as string;
}

/** Sets what clients and reports read of an error beside its body; the status is that of its form. */
export function markError(reply: FastifyReply, error: HotvecError): void {
  const { retry, closesConnection } = errorTable[error.code];
  if (closesConnection) void reply.header('connection', 'close');
  if (retry === false) void reply.header('x-should-retry', 'false');
  if (error.retryAfterMs !== undefined) {
    void reply.header('retry-after', Math.ceil(error.retryAfterMs / 1000));
    void reply.header('retry-after-ms', error.retryAfterMs);
  }
  reply.request.errorCode = error.code;
}

/** Sends an error in its form, and the headers that clients act on. */
function sendError(reply: FastifyReply, error: HotvecError, errors: ErrorFormat): FastifyReply {
  markError(reply, error);
  return reply
    .code(errors.statusOf(error.code))
    .type('application/json; charset=utf-8')
    .send(JSON.stringify(errors.bodyOf(error, reply.request)));
}

/** For URLs that cannot be decoded or are too long; no route, hook or handler has seen the request. */
export function answerFrameworkError(_: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  void reply.header('x-request-id', request.id);
  lingerUnlessComplete(request, reply);
  void sendError(reply, new HotvecError('not_found', 'The URL of the request is not valid.'), openaiErrors);
}

/** Status and message, by the code of Node's error. */
const CLIENT_ERRORS: ReadonlyMap<string, [status: string, message: string]> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', ['408 Request Timeout', 'The request was not received in time.']],
  ['HPE_HEADER_OVERFLOW', ['431 Request Header Fields Too Large', 'The request headers are too large.']],
]);

/**
 * For bytes that are not an HTTP request, and requests that arrived too slowly; there is no reply object, only the
 * socket.
 */
export function answerClientError(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const [status, message] = CLIENT_ERRORS.get(error.code) ?? ['400 Bad Request', 'This is not a valid HTTP request.'];
  const body = JSON.stringify({ error: errorFields(new HotvecError('invalid_input', message)) });
  // An answer that has begun is not interrupted by another: as Node's own handler does it.
  const { _httpMessage: underWay } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
  if (socket.writable && !underWay?.headersSent) {
    socket.write(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  linger(socket);
}

function toHotvecError(error: FastifyError): HotvecError {
  if (error instanceof HotvecError) return error;
  // A content-type that is none: the one thing that Fastify itself says of a body.
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return notJson();
  if (error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500) {
    return new HotvecError('invalid_input', 'The request could not be read.');
  }
  return new HotvecError('internal_error', 'An unexpected error occurred on the server; its log has the details.');
}
