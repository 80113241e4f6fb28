import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../metrics.ts';

/** Gives every answer its id, and every request one log line and its metrics. Never a text, a key or a query string. */
export function registerRequestReports(app: FastifyInstance, metrics: Metrics): void {
  app.decorateRequest('errorCode', undefined);
  app.decorateRequest('work', undefined);

  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });

  app.addHook('onResponse', async (request, reply) => {
    const { method, work } = request;
    const route = request.routeOptions.url ?? 'none';
    const status = reply.statusCode;
    const aborted = request.errorCode === 'client_closed_request';
    metrics.observeRequest({ method, route, status, seconds: reply.elapsedTime / 1000, aborted });
    if (work !== undefined) metrics.observeWork(work);
    const milliseconds = (value: number) => Math.round(value * 100) / 100;
    request.log[status >= 500 ? 'warn' : 'info'](
      {
        method,
        route,
        status,
        ms: milliseconds(reply.elapsedTime),
        code: request.errorCode,
        key: request.keyName,
        aborted: aborted || undefined,
        bytesIn: Number(request.headers['content-length'] ?? 0),
        bytesOut: Number(reply.getHeader('content-length') ?? 0),
        ...(work === undefined
          ? {}
          : {
              inputs: work.inputs,
              tokens: work.tokens,
              tokenizeMs: milliseconds(work.timings.tokenize),
              queueMs: milliseconds(work.timings.queue),
              inferMs: milliseconds(work.timings.infer),
              encodeMs: milliseconds(work.timings.encode),
              batches: work.batches,
              batchId: work.lastBatchId,
            }),
      },
      'request',
    );
  });
}
