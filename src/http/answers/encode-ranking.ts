import { setImmediate } from 'node:timers/promises';
import type { HotvecError } from '../../errors.ts';
import { ByteWriter } from './byte-writer.ts';
import { errorFields } from './error-table.ts';
import type { RankedDocument } from './rank.ts';

/** `{"index":2047,"relevance_score":-0.0000123456789,"truncated":true,"tokens":32768,"document":{"text":}},` */
const BYTES_PER_RESULT = 112;
/** Of a document's error, at most, in the place of its score. */
const BYTES_PER_ERROR = 512;
/** Ids, names, counts. */
const BYTES_AROUND = 1024;
/** UTF-16 units written between two yields: a millisecond or so. */
const UNITS_PER_SLICE = 2 ** 19;

export interface RankingAnswer {
  /** JSON around the array. */
  before?: string;
  after?: string;
  /** What the clients call a score. */
  scoreName: 'relevance_score' | 'score';
  /** Further fields of a result. */
  extras?: (document: RankedDocument) => Record<string, unknown>;
  /** Documents without a score, by their place in the request; they follow those that have one. */
  failures?: ReadonlyMap<number, HotvecError>;
}

/**
 * Writes ranked documents as a JSON array of objects, between two pieces of JSON. The event loop is let in every few
 * milliseconds.
 * @returns JSON in chunks.
 */
export async function encodeRanking(ranked: readonly RankedDocument[], answer: RankingAnswer): Promise<Buffer[]> {
  const { before = '', after = '', scoreName, extras = () => ({}), failures = new Map<number, HotvecError>() } = answer;
  const writer = new ByteWriter(
    ranked.length * BYTES_PER_RESULT + failures.size * BYTES_PER_ERROR + 3 * (before.length + after.length) + 2,
  );
  writer.text(`${before}[`);
  let written = 0;
  for (const [i, document] of ranked.entries()) {
    writer.text(`${i === 0 ? '' : ','}{"index":${document.index},"${scoreName}":`);
    writer.number(document.score);
    const more = JSON.stringify(extras(document)).slice(1);
    writer.text(more === '}' ? more : `,${more}`);
    written += more.length;
    if (written < UNITS_PER_SLICE) continue;
    written = 0;
    await setImmediate();
  }
  for (const [i, [index, error]] of [...failures].sort(([a], [b]) => a - b).entries()) {
    const failed = JSON.stringify({ object: 'error', index, error: errorFields(error) });
    writer.text(`${i === 0 && ranked.length === 0 ? '' : ','}${failed}`);
  }
  writer.text(`]${after}`);
  return writer.finish();
}

/**
 * The answer for so many documents, in bytes, at most: what there must be room for.
 * @param repeatedBytes of the body, where its texts are repeated: as JSON they are no longer than there.
 */
export function boundOfRanking(documents: number, { repeatedBytes = 0, mayFail = false } = {}): number {
  return documents * (BYTES_PER_RESULT + (mayFail ? BYTES_PER_ERROR : 0)) + repeatedBytes + BYTES_AROUND;
}
