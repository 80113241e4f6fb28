import type { FastifyInstance } from 'fastify';
import { HotvecError } from '../errors.ts';

/** Rules of HTTP that Node would enforce with an empty answer; here they get the envelope, an id and a log line. */
export function registerProtocolRules(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw }, reply) => {
    if (raw.headers.host === undefined && raw.httpVersion === '1.1') {
      throw new HotvecError('invalid_input', 'The request has no host header.', { param: 'host' });
    }
    // Node takes any list that ends in chunked, also over several lines. What stands in front may see another request there.
    const encoding = raw.headers['transfer-encoding'];
    if (encoding !== undefined && encoding.trim().toLowerCase() !== 'chunked') {
      void reply.header('connection', 'close');
      throw new HotvecError('invalid_input', 'The only transfer-encoding is chunked.', { param: 'transfer-encoding' });
    }
  });
  // 100 Continue is said where the body is about to be read, after key, length and room were checked (json-body.ts).
  app.server.on('checkContinue', (request, response) => app.routing(request, response));
  // RFC 9110, 10.1.1: expectations other than 100-continue may be refused or ignored.
  app.server.on('checkExpectation', (request, response) => app.routing(request, response));
}
