import type { ClientError } from './client-report.ts';

/** What the services of the stand answer, by the name of the program's step. */
const answered = {
  'bad request': { status: 400, code: 'empty_input', param: 'input[1]' },
  'unknown model': { status: 404, code: 'model_not_found', param: 'model' },
  authentication: { status: 401, code: 'invalid_api_key', param: null },
  overloaded: { status: 429, code: 'overloaded', param: null },
  internal_error: { status: 500, code: 'internal_error', param: null },
  not_ready: { status: 503, code: 'not_ready', param: null },
  deadline_exceeded: { status: 504, code: 'deadline_exceeded', param: null },
  permanent: { status: 500, code: 'non_finite_output', param: null },
};
export type Step = keyof typeof answered;

/**
 * What each client shows of an answer, and the class of its error.
 * @param otherwise where a client sees something else.
 */
export function expectedErrors(
  classOf: (step: Step, status: number) => string,
  shown: readonly (keyof ClientError)[] = ['status', 'code', 'param'],
  otherwise: Partial<Record<Step, Partial<ClientError>>> = {},
): Record<Step, ClientError> {
  const errors = Object.entries(answered).map(([step, { status, ...rest }]) => {
    const all: ClientError = { class: classOf(step as Step, status), status, ...rest };
    const hidden = { status: null, code: null, param: null };
    const seen = Object.fromEntries(['class', ...shown].map((key) => [key, all[key as 'class']]));
    return [step, { ...hidden, ...seen, ...otherwise[step as Step] }];
  });
  return Object.fromEntries(errors);
}

const openaiClasses: Record<number, string> = {
  400: 'BadRequestError',
  401: 'AuthenticationError',
  404: 'NotFoundError',
  409: 'ConflictError',
  429: 'RateLimitError',
};
/** The classes of OpenAI's own SDKs, in both languages. */
export const openaiClass = (_: Step, status: number) => openaiClasses[status] ?? 'InternalServerError';
