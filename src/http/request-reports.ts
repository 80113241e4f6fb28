import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ErrorCode } from '../errors.ts';
import type { Metrics } from '../metrics.ts';
import { errorTable, publicErrorCodes } from './error-table.ts';
import { RequestProgress } from './request-progress.ts';

/** Gives every answer its id, and every request one log line and its metrics. Never a text, a key or a query string. */
export function registerRequestReports(app: FastifyInstance, metrics: Metrics): void {
  app.decorateRequest('errorCode', undefined);
  app.decorateRequest('work', undefined);
  // Its own object for each request, made by the first hook of all.
  app.decorateRequest('progress', null as unknown as RequestProgress);
  metrics.expectRejections(publicErrorCodes);

  app.addHook('onRequest', async (request, reply) => {
    request.progress = new RequestProgress();
    void reply.header('x-request-id', request.id);
    // Not the onResponse hook: it never runs when the client went away before the answer.
    let reported = false;
    const reportOnce = (aborted: boolean) => {
      if (!reported) report(request, reply, aborted);
      reported = true;
    };
    reply.raw.once('finish', () => reportOnce(false));
    reply.raw.once('close', () => reportOnce(true));
  });

  function report(request: FastifyRequest, reply: FastifyReply, aborted: boolean): void {
    const { method, work } = request;
    const route = request.routeOptions.url ?? 'none';
    const code: ErrorCode | undefined = aborted ? 'client_closed_request' : request.errorCode;
    const status = aborted ? errorTable.client_closed_request.status : reply.statusCode;
    metrics.observeRequest({
      method,
      route,
      status,
      seconds: reply.elapsedTime / 1000,
      rejectedFor: aborted || PROBES.has(route) ? undefined : code,
      cancelledIn: aborted ? request.progress.phase : undefined,
    });
    if (work !== undefined) metrics.observeWork(work);
    const milliseconds = (value: number) => Math.round(value * 100) / 100;
    request.log[levelOf(route, status)](
      {
        method,
        route,
        status,
        ms: milliseconds(reply.elapsedTime),
        code,
        key: request.keyName,
        aborted: aborted || undefined,
        bytesIn: Number(request.headers['content-length'] ?? 0),
        bytesOut: Number(reply.getHeader('content-length') ?? 0),
        ...(work === undefined
          ? {}
          : {
              inputs: work.inputs,
              failed: work.failed.length || undefined,
              tokens: work.tokens,
              tokenizeMs: milliseconds(work.timings.tokenize),
              queueMs: milliseconds(work.timings.queue),
              inferMs: milliseconds(work.timings.infer),
              encodeMs: milliseconds(work.timings.encode),
              shared: work.shared || undefined,
              cacheHits: work.cache?.hits,
              batches: work.batches,
              batchId: work.lastBatchId ?? undefined,
            }),
      },
      'request',
    );
  }
}

/** Probes come every few seconds for ever: their lines would bury the others. */
const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

function levelOf(route: string, status: number): 'debug' | 'info' | 'warn' {
  if (PROBES.has(route)) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}
