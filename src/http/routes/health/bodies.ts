import { Type } from 'typebox';
import type { EngineHealth } from '../../../served-models/engine-health.ts';
import type { Health } from '../../../served-models/readiness.ts';
import { type ErrorFormat, openaiErrors } from '../../answers/error-format.ts';
import { errorTable } from '../../answers/error-table.ts';
import { ErrorEnvelope, oneOf } from '../../openapi/schemas.ts';

const Engine = Type.Object(
  {
    state: oneOf(['starting', 'ready', 'checking', 'restarting', 'failed', 'closed'], {
      description:
        '`checking`: batches failed, the canary is run again. `failed`: given up; with the only one the process is about to end',
    }),
    since_seconds: Type.Number({ description: 'How long it has been in that state' }),
    processes_ready: Type.Integer({ description: 'Engine processes in service' }),
    canary_cosine: Type.Union([Type.Number(), Type.Null()], {
      description: 'Lowest cosine of a canary vector to its reference, at the last start; null before it',
    }),
  },
  { title: 'EngineHealth' },
);

const details = {
  engine: Type.Optional(Engine),
  models: Type.Optional(
    Type.Array(
      Type.Object(
        {
          name: Type.String({ description: 'The served name' }),
          status: oneOf(['ready', 'not_ready'], { description: 'Whether requests for it would be served now' }),
          engine: Engine,
        },
        { title: 'ModelHealth' },
      ),
      { description: 'Each model, instead of `engine`, if several are served' },
    ),
  ),
  draining: Type.Boolean({ description: 'Whether the server is shutting down' }),
  uptime_seconds: Type.Number({ description: 'Since the process began to load' }),
};

/** How a probe says that all is well. Members may be added. */
export const Healthy = Type.Object({ status: oneOf(['ok', 'ready']), ...details }, { title: 'Health' });

const Unhealthy = Type.Object(
  { ...ErrorEnvelope.properties, status: oneOf(['not_ready']), ...details },
  { title: 'HealthError', description: 'The error that a request would get, and the state of the service' },
);

/** The members of `details`: of the only model its engine, of several each by name. */
export function healthFields({ models, draining, uptimeSeconds }: Health) {
  const rest = { draining, uptime_seconds: toMilliseconds(uptimeSeconds) };
  const [first, ...others] = models;
  if (first !== undefined && others.length === 0) return { engine: engineFields(first.engine), ...rest };
  return {
    models: models.map(({ name, isReady, engine }) => ({
      name,
      status: isReady ? ('ready' as const) : ('not_ready' as const),
      engine: engineFields(engine),
    })),
    ...rest,
  };
}

function engineFields({ state, secondsInState, processesReady, canaryCosine }: EngineHealth) {
  return {
    state,
    since_seconds: toMilliseconds(secondsInState),
    processes_ready: processesReady,
    canary_cosine: canaryCosine,
  };
}

/** How a probe says what is wrong. */
export function healthErrors(health: () => Health): ErrorFormat {
  return {
    ...openaiErrors,
    schema: Unhealthy,
    bodyOf: (error, request) => ({
      ...openaiErrors.bodyOf(error, request),
      // A wrong method has nothing to do with health.
      ...(errorTable[error.code].status === 503 ? { status: 'not_ready', ...healthFields(health()) } : {}),
    }),
  };
}

function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
