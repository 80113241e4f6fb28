import type { FastifyRequest } from 'fastify';

/** What curl says of `-d` unless it is told otherwise: nothing about what the body is. */
const FORM = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/**
 * Whether a body is read as JSON although its `content-type` does not say so: on routes that ask for it
 * (`config.takesUntypedBody`), where none is said, or curl's, and where no browser can have sent it. A page can send
 * such a body to any address without asking first (CORS, "simple requests"), but not without headers that tell on it:
 * `origin` with every POST (Fetch standard, "append a request `Origin` header"), the forbidden `sec-…` ones, `referer`.
 */
export function isUntypedJson({ headers, routeOptions }: FastifyRequest): boolean {
  if (routeOptions.config?.takesUntypedBody !== true) return false;
  const type = headers['content-type'];
  if (type !== undefined && !FORM.test(type)) return false;
  return !Object.keys(headers).some(
    (name) =>
      name === 'origin' ||
      name === 'referer' ||
      (name.startsWith('sec-') && !isOfNode(name, headers['sec-fetch-mode'])),
  );
}

/** Node's `fetch` sends this one header of a browser, which sends `origin` with every POST of that mode. */
function isOfNode(name: string, fetchMode: unknown): boolean {
  return name === 'sec-fetch-mode' && fetchMode === 'cors';
}
