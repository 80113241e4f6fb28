import { setImmediate } from 'node:timers/promises';
import { HotvecError } from '../errors.ts';
import type { BatchEndpoint, BatchProblem } from './batch-job.ts';
import type { LineModel, LineService } from './line-service.ts';
import { readLines } from './read-lines.ts';
import { LineError, readRequestLine } from './request-line.ts';

export interface InputLimits {
  maxLines: number;
  /** Bytes of a line. */
  maxLineBytes: number;
}

export interface ValidateOptions {
  endpoint: BatchEndpoint;
  limits: InputLimits;
  service: Pick<LineService, 'modelFor'>;
  /** Aborted: the result is worth nothing any more. */
  signal: AbortSignal;
}

/** What was found in an input file: all that is needed to run it, or what is wrong with it. */
export type ValidatedInput = { total: number; model: LineModel } | { problems: BatchProblem[] };

/** Of a file that is wrong throughout, the first lines tell enough. */
const MOST_PROBLEMS = 100;
/** Others have a turn after so many milliseconds of reading. */
const TURN_MS = 5;

/**
 * Reads a whole input file, before the first of its lines is computed: a slip in the last line must not cost the work of
 * the others.
 * @param file path of the file.
 * @throws {Error} of the file system.
 */
export async function validateInput(
  file: string,
  { endpoint, limits, service, signal }: ValidateOptions,
): Promise<ValidatedInput> {
  const problems: BatchProblem[] = [];
  const lineOf = new Map<string, number>();
  let model: LineModel | undefined;
  let total = 0;
  let turnEnds = performance.now() + TURN_MS;
  for await (const { bytes, number, isTooLong } of readLines(file, limits.maxLineBytes)) {
    if (problems.length >= MOST_PROBLEMS || signal.aborted) break;
    total += 1;
    if (total > limits.maxLines) {
      const message = `The file has more than ${limits.maxLines} requests; make several batches.`;
      problems.push({ code: 'too_many_requests', message, param: null, line: number });
      break;
    }
    try {
      if (isTooLong) throw new LineError('line_too_large', `The line has more than ${limits.maxLineBytes} bytes.`);
      const line = readRequestLine(bytes, endpoint);
      const first = lineOf.get(line.customId);
      if (first !== undefined) {
        throw new LineError(
          'duplicate_custom_id',
          `custom_id is that of line ${first}; each must be unique.`,
          'custom_id',
        );
      }
      lineOf.set(line.customId, number);
      const asked = service.modelFor(endpoint, line.model);
      model ??= asked;
      if (asked.name !== model.name) {
        throw new LineError(
          'mismatched_model',
          'All requests of a batch must ask the same model as the first.',
          'body.model',
        );
      }
    } catch (error) {
      problems.push(problemOf(error, number));
    }
    if (performance.now() < turnEnds) continue;
    await setImmediate();
    turnEnds = performance.now() + TURN_MS;
  }
  if (total === 0) problems.push({ code: 'empty_file', message: 'The file has no requests.', param: null, line: null });
  return problems.length > 0 || model === undefined ? { problems } : { total, model };
}

function problemOf(error: unknown, line: number): BatchProblem {
  if (!(error instanceof LineError || error instanceof HotvecError)) throw error;
  const param = error instanceof HotvecError && error.param !== null ? `body.${error.param}` : error.param;
  return { code: error.code, message: error.message, param, line };
}
