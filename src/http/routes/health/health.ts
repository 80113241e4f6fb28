import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import { HotvecError } from '../../../errors.ts';
import type { Readiness } from '../../../served-models/readiness.ts';
import { openaiErrors } from '../../answers/error-format.ts';
import { answers } from '../../openapi/documented-answers.ts';
import { Healthy, healthErrors, healthFields } from './bodies.ts';

/** What an orchestrator takes to start another process, about. */
const RESTART_MS = 30_000;

export interface HealthOptions {
  readiness: Pick<Readiness, 'isGivenUp' | 'check' | 'report'>;
}

/** The probes of orchestrators; they need no API key. */
export const healthRoutes: FastifyPluginCallbackTypebox<HealthOptions> = (app, { readiness }, done) => {
  const health = () => readiness.report();
  const errors = healthErrors(health);
  app.get(
    '/livez',
    {
      config: { errors },
      schema: {
        operationId: 'livez',
        tags: ['health'],
        summary: 'Whether the process is alive and able to serve',
        security: [],
        response: answers({ description: 'Alive', schema: Healthy }, [503], errors, openaiErrors),
      },
    },
    async () => {
      if (readiness.isGivenUp) {
        const message = 'The inference engine was given up; this process cannot serve requests any more.';
        throw new HotvecError('not_ready', message, { retryAfterMs: RESTART_MS });
      }
      return { status: 'ok' as const, ...healthFields(health()) };
    },
  );
  for (const url of ['/readyz', '/health']) {
    app.get(
      url,
      {
        config: { errors },
        schema: {
          operationId: url.slice(1),
          tags: ['health'],
          summary: url === '/readyz' ? 'Whether requests can be served now' : 'The same as /readyz',
          security: [],
          response: answers(
            {
              description:
                'Loaded, canary passed, engine up, batches succeed; of several models: of one at least, once all were loaded',
              schema: Healthy,
            },
            [503],
            errors,
            openaiErrors,
          ),
        },
      },
      async () => {
        readiness.check();
        return { status: 'ready' as const, ...healthFields(health()) };
      },
    );
  }
  done();
};
