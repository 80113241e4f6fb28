import { addedNames, type ExportColumns, type ExportedRows } from './export-rows.ts';

/** One JSON object a row, each with a line end. Numbers have nine digits, which give the same float32 back. */
export function jsonLines(columns: ExportColumns, { texts, others, vectors, failed }: ExportedRows): string {
  const names = addedNames(columns);
  const reasons = new Map(failed);
  const { dimensions } = columns;
  return texts
    .map((text, row) => {
      const cells = columns.others.map((name, place) => [name, others[place]?.[row] ?? '']);
      const why = reasons.get(row);
      const vector = why === undefined ? numbers(vectors.subarray(row * dimensions, (row + 1) * dimensions)) : null;
      const error = columns.hasFailed ? [[names.error, why ?? null]] : [];
      const object = Object.fromEntries([[columns.text, text], ...cells, [names.embedding, vector], ...error]);
      return `${JSON.stringify(object)}\n`;
    })
    .join('');
}

function numbers(vector: Float32Array): number[] {
  return Array.from(vector, (value) => Number(value.toPrecision(9)));
}
