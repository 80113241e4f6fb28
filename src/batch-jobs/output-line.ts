import type { LineAnswer } from './line-service.ts';

/** A line of an output or error file, and what it counts for. */
export interface AnsweredLine {
  /** Its place among the requests of the input file, from 1 on. */
  ordinal: number;
  /** Whether it belongs to the error file. */
  isFailure: boolean;
  /** JSON with a line feed at its end. */
  text: Buffer;
  tokens: number;
}

/** What names a line: its id and the client's own. */
export interface LineName {
  ordinal: number;
  id: string;
  customId: string;
}

/** The line that tells what the route answered, with the route's own bytes in it. */
export function answeredLine({ ordinal, id, customId }: LineName, { status, body, tokens }: LineAnswer): AnsweredLine {
  const named = JSON.stringify({ id, custom_id: customId }).slice(0, -1);
  const head = `${named},"response":{"status_code":${status},"request_id":${JSON.stringify(id)},"body":`;
  const text = Buffer.concat([Buffer.from(head), body, Buffer.from('},"error":null}\n')]);
  return { ordinal, isFailure: status >= 400, text, tokens };
}

/** The line of a request that was never asked. */
export function unaskedLine({ ordinal, id, customId }: LineName, code: string, message: string): AnsweredLine {
  const text = JSON.stringify({ id, custom_id: customId, response: null, error: { code, message } });
  return { ordinal, isFailure: true, text: Buffer.from(`${text}\n`), tokens: 0 };
}

/**
 * Reads a line back, as far as is needed to go on after it.
 * @param prefix what the ids of the batch begin with.
 * @returns undefined for what is no whole line of that batch.
 */
export function readOutputLine(
  bytes: Buffer,
  prefix: string,
): { ordinal: number; isFailure: boolean; tokens: number } | undefined {
  let line: { id?: string; response?: { status_code: number; body?: { usage?: { total_tokens?: number } } } | null };
  try {
    line = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  const { id, response } = line ?? {};
  const ordinal = typeof id === 'string' && id.startsWith(prefix) ? Number(id.slice(prefix.length)) : 0;
  if (!Number.isSafeInteger(ordinal) || ordinal < 1) return undefined;
  const isFailure = response == null || response.status_code >= 400;
  return { ordinal, isFailure, tokens: response?.body?.usage?.total_tokens ?? 0 };
}
