import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { quantizeVector } from '../src/http/body/output-dtype.ts';
import { packageRoot } from '../src/package-info.ts';
import { ndcgAt10 } from './rank-measures.ts';
import { type RetrievalSet, retrievalSets } from './retrieval-sets.ts';

// `node dist/scripts/measure-output-dtypes.js [--url URL] [--data DIR] [--dimensions N]…`: what each `output_dtype`, and
// scales that int8 could have had, cost in retrieval. Asks a running server for float vectors. Prints tables in Markdown
// for docs/decisions/0056.

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8080' },
    data: { type: 'string', default: path.join(packageRoot, '..', 'shared', 'data') },
    dimensions: { type: 'string', multiple: true, default: ['256', '64'] },
  },
});
const TOP = 10;
const INPUTS_PER_REQUEST = 64;
/** Candidates that bits choose, and finer vectors put in order. */
const RESCORED = 4 * TOP;

type Vector = ArrayLike<number>;
/** A score for each document. */
type Ranking = (query: Float32Array) => ArrayLike<number>;

async function embed(texts: readonly string[], role: 'query' | 'document'): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (let start = 0; start < texts.length; start += INPUTS_PER_REQUEST) {
    const response = await fetch(`${values.url}/v1/embeddings`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        input: texts.slice(start, start + INPUTS_PER_REQUEST),
        input_type: role,
        truncate: 'end',
        encoding_format: 'base64',
      }),
    });
    if (!response.ok) throw new Error(await response.text());
    const { data } = (await response.json()) as { data: { embedding: string }[] };
    for (const { embedding } of data) {
      vectors.push(new Float32Array(new Uint8Array(Buffer.from(embedding, 'base64')).buffer));
    }
  }
  return vectors;
}

const dot = (a: Vector, b: Vector) => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** Ones that two vectors of packed bits do not share. */
function hamming(a: Vector, b: Vector): number {
  let count = 0;
  for (let i = 0; i < a.length; i++) {
    for (let bits = (a[i] as number) ^ (b[i] as number); bits > 0; bits &= bits - 1) count++;
  }
  return count;
}

const scaled = (scale: (vector: Float32Array) => number) => (vector: Float32Array) => {
  const factor = scale(vector);
  return Int8Array.from(vector, (x) => Math.max(-127, Math.min(127, Math.round(x * factor))));
};
const largest = (vector: Float32Array) => vector.reduce((max, x) => Math.max(max, Math.abs(x)), 0);

function best(scores: ArrayLike<number>, count: number): number[] {
  return Array.from(scores, (_, i) => i)
    .sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b)
    .slice(0, count);
}

function rankings(documents: readonly Float32Array[]): [string, Ranking][] {
  const bothAs = (quantize: (vector: Float32Array) => Vector): Ranking => {
    const known = documents.map(quantize);
    return (query) => {
      const asked = quantize(query);
      return known.map((document) => dot(asked, document));
    };
  };
  const bits = documents.map((document) => quantizeVector(document, 'ubinary'));
  const bySigns: Ranking = (query) => {
    const asked = quantizeVector(query, 'ubinary');
    return bits.map((document) => -hamming(asked, document));
  };
  /** What bits rank first, in the order of finer scores. */
  const rescored = (score: (query: Float32Array, document: number) => number): Ranking => {
    return (query) => {
      const scores = new Float64Array(documents.length).fill(Number.NEGATIVE_INFINITY);
      for (const i of best(bySigns(query), RESCORED)) scores[i] = score(query, i);
      return scores;
    };
  };
  const int8 = documents.map((document) => quantizeVector(document, 'int8'));
  const signs = documents.map((document) => document.map((x) => (x > 0 ? 1 : -1)));
  const n = Math.sqrt(documents[0]?.length ?? 0);
  return [
    ['float', bothAs((vector) => vector)],
    ['int8 = 127 · x', bothAs(scaled(() => 127))],
    ...[8, 12, 16, 20, 24, 28, 32, 40].map((steps): [string, Ranking] => [
      `int8 = ${steps} · √n · x${steps === 16 ? ', as served' : ''}`,
      bothAs(scaled(() => steps * n)),
    ]),
    ['int8 = 127 · x ÷ the largest of the vector', bothAs(scaled((vector) => 127 / largest(vector)))],
    ['`ubinary`, Hamming', bySigns],
    [`\`ubinary\`, ${RESCORED} rescored: float query × signs`, rescored((query, i) => dot(query, signs[i] as Vector))],
    [`\`ubinary\`, ${RESCORED} rescored: float query × int8`, rescored((query, i) => dot(query, int8[i] as Vector))],
  ];
}

/** The first components, normalized again: what `dimensions` does. */
function cut(vector: Float32Array, dimensions: number): Float32Array {
  const slice = vector.slice(0, dimensions);
  const norm = Math.sqrt(dot(slice, slice));
  return slice.map((x) => x / norm);
}

async function measure(set: RetrievalSet): Promise<void> {
  const documents = await embed(
    set.documents.map(({ text }) => text),
    'document',
  );
  const queries = await embed(
    set.queries.map(({ text }) => text),
    'query',
  );
  for (const dimensions of values.dimensions.map(Number)) {
    const shorter = (vectors: Float32Array[]) => vectors.map((vector) => cut(vector, dimensions));
    report(set, shorter(documents), shorter(queries), dimensions);
  }
}

function report(set: RetrievalSet, documents: Float32Array[], queries: Float32Array[], dimensions: number): void {
  const ratios = documents.map((vector) => largest(vector) * Math.sqrt(dimensions)).sort((a, b) => a - b);
  const quantile = (share: number) => (ratios[Math.floor(share * (ratios.length - 1))] as number).toFixed(1);
  console.log(
    `\n${set.name}, ${documents.length} documents, ${queries.length} queries, ${dimensions} dimensions. Largest component of a document in standard deviations: median ${quantile(0.5)}, 99 % ${quantile(0.99)}, largest ${quantile(1)}.\n`,
  );
  console.log(`| vectors | nDCG@10 | of float's first ${TOP} |\n|---|---|---|`);
  let exact: Set<number>[] = [];
  for (const [name, ranking] of rankings(documents)) {
    const first = queries.map((query) => best(ranking(query), TOP));
    if (exact.length === 0) exact = first.map((indices) => new Set(indices));
    const gains = first.map((indices, q) =>
      ndcgAt10(
        indices.map((i) => set.documents[i]?.id ?? ''),
        set.queries[q]?.relevant ?? new Set(),
      ),
    );
    const kept = first.map((indices, q) => indices.filter((i) => exact[q]?.has(i)).length / TOP);
    const mean = (numbers: number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    console.log(`| ${name} | ${mean(gains).toFixed(4)} | ${(100 * mean(kept)).toFixed(1)} % |`);
  }
}

const sets = retrievalSets(values.data);
if (sets.length === 0) {
  console.error(`There is no retrieval test in ${values.data}.`);
  process.exitCode = 1;
}
for (const set of sets) await measure(set);
