import { setImmediate } from 'node:timers/promises';
import { HotvecError } from '../../../errors.ts';

export interface BestDocumentsOptions {
  /** Columns of the matrix; null for an item that is not text. */
  documents: readonly (string | null)[];
  /** Results a query gets, at most. */
  topK: number;
  /** Whether results repeat the documents' texts. */
  repeatTexts: boolean;
}

/**
 * Every query may repeat every document: a body of a few megabytes could ask for gigabytes.
 * @throws {HotvecError} invalid_input, when the results could repeat more than `limit` characters.
 */
export function checkRepeatedText(queryCount: number, options: BestDocumentsOptions, limit: number): void {
  if (!options.repeatTexts) return;
  const perQuery = longestTexts(options);
  if (queryCount * perQuery <= limit) return;
  throw new HotvecError(
    'invalid_input',
    `Cannot repeat the documents in results: they could come to ${queryCount * perQuery} characters; the limit is ${limit}. Omit return_documents; index identifies the document.`,
    { param: 'return_documents' },
  );
}

/** `{"index":1023,"score":-0.123456789,"document":},` */
const BYTES_PER_RESULT = 60;
/** Of a UTF-16 unit, as `\u0000`. */
const MOST_BYTES_OF_UNIT = 6;

/** What `encodeBestDocuments` makes of so many queries, in bytes, at most. */
export function boundOfBestDocuments(queryCount: number, options: BestDocumentsOptions): number {
  const { documents, topK, repeatTexts } = options;
  const perQuery = Math.min(topK, documents.length) * BYTES_PER_RESULT;
  return queryCount * (perQuery + (repeatTexts ? MOST_BYTES_OF_UNIT * longestTexts(options) : 0));
}

/** UTF-16 units of the longest documents that the results of one query can repeat. */
function longestTexts({ documents, topK }: BestDocumentsOptions): number {
  const lengths = documents.map((text) => text?.length ?? 0).sort((a, b) => b - a);
  return lengths.slice(0, topK).reduce((sum, length) => sum + length, 0);
}

/**
 * Writes `results`: the best documents of each query, best first; of equal scores the earlier document.
 *
 * @param scores row-major [queries, documents].
 * @returns JSON in pieces; the event loop is let in after each query.
 */
export async function encodeBestDocuments(scores: Float32Array, options: BestDocumentsOptions): Promise<Buffer[]> {
  const { documents, topK, repeatTexts } = options;
  const chunks: Buffer[] = [];
  for (let start = 0; start < scores.length; start += documents.length) {
    const row = scores.subarray(start, start + documents.length);
    const order = Array.from(row.keys()).sort((a, b) => (row[b] as number) - (row[a] as number) || a - b);
    const results = order.slice(0, topK).map((index) => ({
      index,
      // Nine digits, as in `scores`: both name the same float32.
      score: Number((row[index] as number).toPrecision(9)),
      ...(repeatTexts && typeof documents[index] === 'string' ? { document: documents[index] } : {}),
    }));
    chunks.push(Buffer.from(`${start === 0 ? '[' : ','}${JSON.stringify(results)}`));
    await setImmediate();
  }
  chunks.push(Buffer.from(']'));
  return chunks;
}
