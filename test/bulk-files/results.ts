import { createResultWriter } from '../../src/bulk-files/create-result-writer.ts';
import type { OutputFormat, ResultRow, ResultValue, ResultWriterOptions } from '../../src/bulk-files/rows.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** What a result may be: every dtype, in numbers of components that fill bytes and eights, or do not; and a score. */
export const resultValues: readonly ResultValue[] = [
  { name: 'embedding', dimensions: 384, dtype: 'float' },
  { name: 'embedding', dimensions: 1, dtype: 'float' },
  { name: 'embedding', dimensions: 13, dtype: 'int8' },
  { name: 'embedding', dimensions: 24, dtype: 'uint8' },
  { name: 'embedding', dimensions: 24, dtype: 'binary' },
  { name: 'embedding', dimensions: 384, dtype: 'ubinary' },
  { name: 'score' },
];

export function nameOf(value: ResultValue): string {
  return value.name === 'score' ? value.name : `${value.dtype}-${value.dimensions}`;
}

/** Ids, a kept title that is missing in some, and a value of random bits. */
export function randomResults(value: ResultValue, count: number): ResultRow[] {
  const random = new SeededRandom(19);
  return Array.from({ length: count }, (_, i) => ({
    id: `row ${i}\n😀`,
    kept: [i % 5 === 3 ? null : `title ${i % 7}`],
    value: randomValue(value, random),
  }));
}

function randomValue(value: ResultValue, random: SeededRandom): ResultRow['value'] {
  if (value.name === 'score') return random.next();
  const { dimensions, dtype } = value;
  const length = dtype === 'binary' || dtype === 'ubinary' ? dimensions / 8 : dimensions;
  if (dtype === 'float') return Float32Array.from({ length }, () => random.next() - 0.5);
  const bytes = Uint8Array.from({ length }, () => random.integer(0, 255));
  return dtype === 'int8' || dtype === 'binary' ? new Int8Array(bytes.buffer) : bytes;
}

export function resultOptions(
  output: string,
  { format, value, count }: { format: OutputFormat; value: ResultValue; count: number },
): ResultWriterOptions {
  return {
    output,
    format,
    id: { name: 'id', type: 'string' },
    kept: [{ name: 'title', type: 'string' }],
    value,
    count,
    metadata: { 'hotvec.model': 'naïve/starter' },
  };
}

/** Writes all rows, `together` at a time. */
export async function writeResults(
  rows: readonly ResultRow[],
  options: ResultWriterOptions,
  together = 1_000,
): Promise<void> {
  const writer = await createResultWriter(options);
  for (let at = 0; at < rows.length; at += together) await writer.write(rows.slice(at, at + together));
  await writer.finish();
}
