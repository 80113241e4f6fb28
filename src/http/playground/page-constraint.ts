import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import Negotiator from 'negotiator';

/** What `/` can answer with. */
const ANSWERS = ['text/plain', 'application/json', 'text/html'];

/** Whether a client would rather have a page than an answer for programs: RFC 9110, 12.5.1. Browsers say so, curl does not. */
function prefersPage({ headers: { accept } }: IncomingMessage): boolean {
  // Of all requests there are, only those of browsers are looked at more closely.
  if (accept?.toLowerCase().includes('text/html') !== true) return false;
  return new Negotiator({ headers: { accept } }).mediaType(ANSWERS) === 'text/html';
}

type Strategy = Parameters<FastifyInstance['addConstraintStrategy']>[0];
type Handler = ReturnType<ReturnType<Strategy['storage']>['get']>;

/** Takes routes with `constraints: { answer: 'page' }` for clients that prefer pages, and for no others. */
export const pageConstraint: Strategy = {
  name: 'answer',
  storage: () => {
    const routes = new Map<unknown, Handler>();
    return {
      get: (answer) => routes.get(answer) ?? null,
      set: (answer, route) => void routes.set(answer, route),
    };
  },
  deriveConstraint: (request) => (prefersPage(request as IncomingMessage) ? 'page' : undefined),
  validate: () => {},
};
