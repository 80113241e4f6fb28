import { randomUUID } from 'node:crypto';
import fastJsonStringify, { type Schema } from 'fast-json-stringify';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import type { Metrics } from '../../metrics/metrics.ts';
import type { Config } from '../../settings/settings.ts';
import type { RequestTracer } from '../../tracing/request-tracer.ts';
import { answerClientError, answerFrameworkError, registerErrorHandling } from '../answers/error-handler.ts';
import type { ApiKeys } from './api-keys.ts';
import { registerAuth } from './auth.ts';
import { registerBasePath } from './base-path.ts';
import { registerByteCount } from './byte-count.ts';
import { Cors } from './cors.ts';
import './fastify-types.ts';
import { registerHostCheck } from './host-check.ts';
import { registerIdleConnections } from './idle-connections.ts';
import type { InflightBytes } from './inflight-bytes.ts';
import { registerLingeringClose } from './lingering-close.ts';
import { type Patience, usualPatience } from './patience.ts';
import { registerPipelining } from './pipelining.ts';
import { registerProtocolRules } from './protocol-rules.ts';
import { registerQueuedAnswers } from './queued-answers.ts';
import { registerRequestReports } from './request-reports.ts';
import { registerStalledReaders } from './stalled-readers.ts';

export interface BasicAppOptions {
  config: Pick<Config, 'keepAliveS' | 'allowedHosts' | 'allowedOrigins'>;
  metrics: Metrics;
  logger: FastifyBaseLogger;
  /** null: no key is asked for. */
  apiKeys: ApiKeys | null;
  /** While true every answer closes its connection. */
  isDraining: () => boolean;
  /** null: requests are not traced. */
  tracer: RequestTracer | null;
  /** Tests have less. */
  patience?: Patience | undefined;
}

/** One of the ports. */
export interface PortOptions extends BasicAppOptions {
  /** The address that it listens on. */
  boundHost: string;
  inflight: InflightBytes;
  /** What its paths begin with. */
  basePath: string;
  /** Whether files may be uploaded, which takes longer than all else. */
  takesFiles?: boolean;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** What every port of hotvec has: limits for slow senders, ids, keys, one form of errors, a report of each request. */
export function createApp(options: PortOptions): FastifyInstance {
  const { config, metrics, logger, apiKeys, isDraining, tracer, boundHost, basePath, inflight, takesFiles } = options;
  const { patience = usualPatience } = options;
  const cors = new Cors(config.allowedOrigins);
  const app = Fastify({
    loggerInstance: logger,
    // One line a request, written when it is answered (request-reports.ts).
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: ({ headers }) => {
      const id = headers['x-request-id'];
      return typeof id === 'string' && REQUEST_ID.test(id) ? id : randomUUID();
    },
    // Slow senders are cut off: headers within 10 s, the whole request within a minute, or, of a file, within an hour;
    // where files come, receive-body.ts gives the others their minute.
    requestTimeout: takesFiles ? patience.fileMs : patience.wholeMs,
    keepAliveTimeout: config.keepAliveS * 1_000,
    // Node's own answer to a request without a host has no body; ours is an error like the others.
    http: { headersTimeout: 10_000, connectionsCheckingInterval: 1_000, requireHostHeader: false },
    // Of `/v1/models/:id`: a long name is an unknown model, not an unreadable URL.
    routerOptions: { maxParamLength: 16_384 },
    // Errors below the routes: bytes that are not HTTP, and URLs that cannot be decoded.
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => {
      cors.mark(request, reply);
      answerFrameworkError(error, request, reply);
    },
  });

  shareSerializers(app);
  app.addHook('onSend', async (_, reply) => {
    if (isDraining()) void reply.header('connection', 'close');
  });
  registerPipelining(app.server, registerByteCount(app, inflight));
  registerStalledReaders(app, inflight, patience);
  registerQueuedAnswers(app);
  registerBasePath(app, basePath);
  registerIdleConnections(app);
  registerLingeringClose(app);
  registerRequestReports(app, metrics, tracer);
  registerErrorHandling(app, basePath);
  // Before the host is looked at: there may be two.
  registerProtocolRules(app);
  cors.register(app);
  registerHostCheck(app, { allowedHosts: config.allowedHosts, boundHost, asksForKeys: apiKeys !== null });
  registerAuth(app, apiKeys);
  return app;
}

/**
 * Makes one serializer for all answers of the same form. Fastify makes one for each answer of each route, 290 of which 28
 * differ, and these took as long as everything else in making the application.
 */
function shareSerializers(app: FastifyInstance): void {
  const serializers = new Map<string, (value: unknown) => string>();
  app.setSerializerCompiler(({ schema }) => {
    const form = JSON.stringify(schema);
    const serialize = serializers.get(form) ?? fastJsonStringify(schema as Schema);
    serializers.set(form, serialize);
    return serialize;
  });
}
