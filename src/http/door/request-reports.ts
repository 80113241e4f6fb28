import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Metrics } from '../../metrics/metrics.ts';
import type { RequestTracer, TracedStage } from '../../tracing/request-tracer.ts';
import { readTraceContext } from '../../tracing/trace-context.ts';
import { errorTable, publicErrorCodes } from '../answers/error-table.ts';
import { RequestProgress } from './request-progress.ts';

/** Gives every answer its id, and every request one log line, its metrics and its trace. Never a text, a key or a URL. */
export function registerRequestReports(app: FastifyInstance, metrics: Metrics, tracer: RequestTracer | null): void {
  app.decorateRequest('errorCode', undefined);
  app.decorateRequest('servedModel', undefined);
  app.decorateRequest('work', undefined);
  app.decorateRequest('bodyBytes', undefined);
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
    const { method, work, progress } = request;
    const route = request.routeOptions.url ?? 'none';
    const errorCode = aborted ? 'client_closed_request' : request.errorCode;
    const status = aborted ? errorTable.client_closed_request.status : reply.statusCode;
    const endedAt = performance.now();
    const startedAt = endedAt - reply.elapsedTime;
    const stages = progress.stages(endedAt, work?.timings);
    metrics.observeRequest({
      method,
      route,
      model: request.servedModel,
      status,
      seconds: (endedAt - startedAt) / 1000,
      rejectedFor: aborted || PROBES.has(route) ? undefined : errorCode,
      cancelledIn: aborted ? progress.phase : undefined,
    });
    if (work !== undefined) metrics.observeWork(request.servedModel ?? '', work);
    const context = readTraceContext(request.headers);
    const facts = { context, requestId: request.id, method, route, status, errorCode, aborted, startedAt, endedAt };
    const span = PROBES.has(route) ? undefined : tracer?.record({ ...facts, stages, work });
    request.log[levelOf(route, status)](
      {
        method,
        route,
        model: request.servedModel,
        status,
        ms: rounded(endedAt - startedAt),
        code: errorCode,
        key: request.keyName,
        aborted: aborted || undefined,
        traceId: span?.traceId ?? context?.traceId,
        spanId: span?.spanId,
        bytesIn: request.bodyBytes ?? Number(request.headers['content-length'] ?? 0),
        bytesOut: Number(reply.getHeader('content-length') ?? 0),
        ...stageFields(work?.timings ?? durationsOf(stages)),
        inputs: work?.inputs,
        failed: work?.failed.length || undefined,
        tokens: work?.tokens,
        truncated: work?.truncated || undefined,
        shared: work?.shared || undefined,
        cacheHits: work?.cache?.hits,
        batches: work?.batches,
        batchId: work?.lastBatchId ?? undefined,
        batchItems: work?.lastBatchItems ?? undefined,
      },
      'request',
    );
  }
}

/** Also of a request that failed: how long it was in the stages that it came to. */
function durationsOf(stages: readonly TracedStage[]): Record<string, number> {
  return Object.fromEntries(stages.map(({ name, startedAt, endedAt }) => [name, endedAt - startedAt]));
}

function stageFields(timings: object): Record<string, number> {
  return Object.fromEntries(Object.entries(timings).map(([stage, duration]) => [`${stage}Ms`, rounded(duration)]));
}

/** Milliseconds, to the hundredth. */
function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100;
}

/** Probes arrive every few seconds forever: their lines would bury the others. */
const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);

function levelOf(route: string, status: number): 'debug' | 'info' | 'warn' {
  if (PROBES.has(route)) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}
