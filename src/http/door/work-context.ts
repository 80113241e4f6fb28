import type { FastifyReply, FastifyRequest } from 'fastify';
import { HotvecError, invalidInput } from '../../errors.ts';
import type { Config } from '../../settings/config.ts';
import type { EmbedOptions } from '../../tasks/embedding/embedder.ts';
import type { ModelFacts } from '../../tasks/task-service.ts';

/** What a request says of its work besides the body. Its signal is aborted when the client leaves before the answer is written. */
export type WorkContext = Required<Pick<EmbedOptions, 'signal' | 'timeLimit' | 'onPhase'>> &
  Pick<EmbedOptions, 'owner' | 'priority' | 'tokenIds'>;

/**
 * Reads what the headers say about the work: how long it may take, whose it is, whether someone is waiting for it,
 * whether its token ids are intended as they are, which vector space is expected.
 * @throws {HotvecError} invalid_input, fingerprint_mismatch.
 */
export function workContext(
  request: FastifyRequest,
  reply: FastifyReply,
  config: Pick<Config, 'deadlineMs'>,
  model: ModelFacts,
): WorkContext {
  const abort = new AbortController();
  // Not `request.signal`: Fastify aborts it when the request closes, which a POST does as soon as its body was read.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) abort.abort();
  });
  checkFingerprint(request.headers['x-expect-fingerprint'], model);
  return {
    signal: abort.signal,
    timeLimit: Math.min(config.deadlineMs, readDeadline(request.headers['x-deadline-ms'])),
    owner: request.keyName,
    priority: readChoice(request, 'x-priority', ['interactive', 'bulk']),
    tokenIds: readChoice(request, 'x-token-ids', ['checked', 'as_is']),
    onPhase: (phase) => request.progress.enter(phase),
  };
}

function readDeadline(header: string | string[] | undefined): number {
  if (header === undefined) return Number.POSITIVE_INFINITY;
  const milliseconds = Number(header);
  if (!/^\d{1,9}$/.test(String(header)) || milliseconds < 1) {
    const message = 'x-deadline-ms must be an integer number of milliseconds from 1 to 999999999.';
    throw invalidInput(message, 'x-deadline-ms');
  }
  return milliseconds;
}

function readChoice<Choice extends string>(
  { headers }: FastifyRequest,
  name: string,
  choices: readonly [Choice, Choice],
): Choice | undefined {
  const chosen = choices.find((choice) => choice === headers[name]);
  if (chosen !== undefined || headers[name] === undefined) return chosen;
  throw invalidInput(`${name} must be ${choices.join(' or ')}.`, name);
}

function checkFingerprint(expected: string | string[] | undefined, model: ModelFacts): void {
  if (expected === undefined || model.fingerprint === null || expected === model.fingerprint) return;
  throw new HotvecError(
    'fingerprint_mismatch',
    `This server's model has fingerprint ${model.fingerprint}, not the expected one: what the two compute cannot be compared.`,
    { param: 'x-expect-fingerprint' },
  );
}
