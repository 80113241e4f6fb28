import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Embedder } from '../../embedding/embedder.ts';
import { HotvecError } from '../../errors.ts';
import { checkReady } from '../check-ready.ts';
import { answers } from '../documented-answers.ts';

/** What an orchestrator takes to start another process, about. */
const RESTART_MS = 30_000;

const Status = Type.Object({ status: Type.String() }, { title: 'Status' });

/** The probes of orchestrators; they need no API key. */
export const healthRoutes: FastifyPluginCallbackTypebox<{ embedder: Embedder }> = (app, { embedder }, done) => {
  app.get(
    '/livez',
    {
      schema: {
        operationId: 'livez',
        tags: ['health'],
        summary: 'The process answers, and could serve again',
        security: [],
        response: answers({ description: 'Alive', schema: Status }, [503]),
      },
    },
    async () => {
      if (embedder.isGivenUp) {
        const message = 'The inference engine was given up; this process will serve nothing more.';
        throw new HotvecError('not_ready', message, { retryAfterMs: RESTART_MS });
      }
      return { status: 'ok' };
    },
  );
  for (const url of ['/readyz', '/health']) {
    app.get(
      url,
      {
        schema: {
          operationId: url.slice(1),
          tags: ['health'],
          summary: url === '/readyz' ? 'Requests would be served now' : 'The same as /readyz',
          security: [],
          response: answers(
            { description: 'Loaded, canary passed, engine up, batches succeed', schema: Status },
            [503],
          ),
        },
      },
      async () => {
        checkReady(embedder);
        return { status: 'ready' };
      },
    );
  }
  done();
};
