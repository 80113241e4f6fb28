import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HotvecError } from '../../errors.ts';
import { AllowedOrigins } from './allowed-origins.ts';

/** Headers of answers that no route documents, or not every one. */
const HEADERS_OF_ERRORS = [
  'x-request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'www-authenticate',
  'allow',
];
/** What scripts can read anyway, and what they never can. */
const NOT_EXPOSED = new Set(['connection', 'content-type', 'content-length']);
/** Browsers ask again after two hours at the latest. */
const PREFLIGHT_SECONDS = 7_200;
const FIELD_NAMES = /^[\w!#$%&'*+.^`|~, -]+$/;

/** Says to browsers which pages may read an answer: the CORS protocol of the Fetch standard, https://fetch.spec.whatwg.org/#http-cors-protocol. */
export class Cors {
  private readonly origins: AllowedOrigins;
  private readonly exposed = new Set(HEADERS_OF_ERRORS);

  /** @param allowedOrigins `ALLOWED_ORIGINS`. */
  constructor(allowedOrigins: readonly string[]) {
    this.origins = new AllowedOrigins(allowedOrigins);
  }

  /**
   * Marks every answer, errors too: a browser hides one without the mark, and what is wrong with it. Answers preflights,
   * which bear no key, whatever their path. To be registered before what refuses requests, and before the routes.
   */
  register(app: FastifyInstance): void {
    app.addHook('onRoute', ({ schema }) => {
      const answers = Object.values((schema?.response ?? {}) as Record<string, { headers?: object }>);
      for (const { headers = {} } of answers) {
        for (const name of Object.keys(headers)) if (!NOT_EXPOSED.has(name)) this.exposed.add(name);
      }
    });
    app.addHook('onRequest', async (request, reply) => {
      const isAllowed = this.mark(request, reply);
      if (!isPreflight(request)) return;
      if (!isAllowed) {
        throw new HotvecError(
          'origin_not_allowed',
          'Pages of this origin are not allowed to call this server. To allow them, add the origin to ALLOWED_ORIGINS.',
          { param: 'origin' },
        );
      }
      return answerPreflight(request, reply);
    });
  }

  /** @returns whether a page of the request's origin may read the answer. */
  mark({ headers }: FastifyRequest, reply: FastifyReply): boolean {
    if (this.origins.isEmpty) return false;
    void reply.header('vary', 'origin');
    const answer = this.origins.answerTo(headers.origin);
    if (answer === undefined) return false;
    void reply.header('access-control-allow-origin', answer);
    void reply.header('access-control-expose-headers', [...this.exposed].join(', '));
    return true;
  }
}

function isPreflight({ method, headers }: FastifyRequest): boolean {
  const { origin, 'access-control-request-method': wanted } = headers;
  return method === 'OPTIONS' && origin !== undefined && wanted !== undefined;
}

/** Which headers a script sends does not depend on its origin: the response repeats those that the browser asks for. */
function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const wanted = headers['access-control-request-headers'];
  void reply.removeHeader('access-control-expose-headers');
  void reply.header('vary', 'origin, access-control-request-headers');
  void reply.header('access-control-allow-methods', 'GET, HEAD, POST, DELETE');
  if (typeof wanted === 'string' && FIELD_NAMES.test(wanted)) void reply.header('access-control-allow-headers', wanted);
  // Of Private Network Access: pages of the internet that call a server of this machine. Browsers ask the user by now;
  // those that still ask the server get the same answer as to its origin.
  if (headers['access-control-request-private-network'] === 'true') {
    void reply.header('access-control-allow-private-network', 'true');
  }
  return reply.header('access-control-max-age', PREFLIGHT_SECONDS).code(204).send();
}
