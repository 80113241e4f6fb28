import { HotvecError } from '../../../errors.ts';
import type { EmbeddingFacts } from '../../../tasks/embedding/embedder.ts';

/** A vector sent in a request, as numbers or as an item of a response of `/v1/embeddings`. */
type GivenVector = ArrayLike<number> | { embedding: ArrayLike<number> | string };
/** What can be compared: a text, or a vector. */
export type GivenItem = string | GivenVector;

/** An item of a side of the comparison: a text to embed, or a vector that is there already. */
export type ComparedItem = { name: string; text: string } | { name: string; vector: Float32Array };

const BYTES_PER_FLOAT = 4;

/**
 * Reads one side of a comparison, same order. An array of numbers is one vector.
 * @param field what the request calls it: `documents`; its items are `documents[0]`, …
 * @throws {HotvecError} invalid_input for a vector that is not base64 of float32, not finite, or without direction.
 */
export function readComparedItems(field: string, value: GivenItem | readonly GivenItem[]): ComparedItem[] {
  if (!isList(value)) return [readItem(value, field)];
  return value.map((item, i) => readItem(item, `${field}[${i}]`));
}

/**
 * Vectors can be compared with each other, and with those that the texts will get.
 * @throws {HotvecError} invalid_dimensions, naming the first that cannot.
 */
export function checkSizes(items: readonly ComparedItem[], dimensions: number | null, model: EmbeddingFacts): void {
  const vectors = items.flatMap((item) => ('vector' in item ? [item] : []));
  const hasTexts = vectors.length < items.length;
  const [first] = vectors;
  if (first === undefined) return;
  const wanted = dimensions ?? (hasTexts ? model.dimensions : first.vector.length);
  const why =
    dimensions !== null ? 'as set by dimensions' : hasTexts ? 'like the vectors of the texts' : `like ${first.name}`;
  for (const { name, vector } of vectors) {
    if (vector.length === wanted) continue;
    throw new HotvecError(
      'invalid_dimensions',
      `${name} has ${vector.length} components; expected ${wanted}, ${why}.`,
      { param: name },
    );
  }
}

function isList(value: GivenItem | readonly GivenItem[]): value is readonly GivenItem[] {
  return Array.isArray(value) && typeof value[0] !== 'number';
}

function readItem(item: GivenItem, name: string): ComparedItem {
  if (typeof item === 'string') return { name, text: item };
  const numbers = 'embedding' in item ? item.embedding : item;
  const vector = typeof numbers === 'string' ? decode(numbers, name) : new Float32Array(numbers);
  if (vector.some((x) => !Number.isFinite(x))) {
    throw new HotvecError('invalid_input', `${name} has a number that is not finite as a 32-bit float.`, {
      param: name,
    });
  }
  if (vector.every((x) => x === 0)) {
    throw new HotvecError('invalid_input', `${name} is a vector of zeros, which has no direction.`, { param: name });
  }
  return { name, vector };
}

/** Little-endian float32, as `/v1/embeddings` answers and this machine has them. */
function decode(base64: string, name: string): Float32Array {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length === 0 || bytes.length % BYTES_PER_FLOAT !== 0 || bytes.toString('base64') !== base64) {
    throw new HotvecError('invalid_input', `${name} has an embedding that is not base64 of 32-bit floats.`, {
      param: name,
    });
  }
  return new Float32Array(new Uint8Array(bytes).buffer);
}
