import { toBatch } from '../src/engine/protocol.ts';
import type { PackedModel } from '../src/formats/causal/load.ts';
import { encodeEmbeddings } from '../src/http/answers/encode-vectors.ts';
import { MAX_BYTES_PER_FLOAT, writeFloat } from '../src/http/answers/float-writer.ts';
import { BodyReader } from '../src/http/body/read-body.ts';
import { embeddingsBody } from '../src/http/routes/embeddings/schemas.ts';
import { finishVector } from '../src/tasks/embedding/finish-vector.ts';
import { interleave } from './interleave.ts';
import type { EngineBench } from './open-bench.ts';
import { figure, milliseconds, type Row } from './report.ts';
import { median, sum } from './statistics.ts';

const VECTORS = 64;
/** Times a turn writes all vectors: a turn is some milliseconds. */
const REPEATS = 10;
const ANSWER_VECTORS = 2_048;
const MAX_INPUTS = 2_048;

/** What the wire costs: numbers as text and as base64, and request bodies by size. No service, this process alone. */
export async function* measureWire(bench: EngineBench): AsyncGenerator<Row> {
  const { manifest, model, options } = bench;
  const vectors = await realVectors(bench, model);
  const perVector = `${vectors[0]?.length} numbers`;

  const text = new Uint8Array((vectors[0]?.length ?? 0) * MAX_BYTES_PER_FLOAT);
  const write = () => time(vectors, (vector) => writeAll(text, vector));
  const stringify = () => time(vectors, (vector) => JSON.stringify(Array.from(vector)).length);
  write();
  stringify();
  const floats = await interleave(
    4 * options.rounds,
    async () => write(),
    async () => stringify(),
  );
  yield {
    model: manifest.name,
    measure: `float writer, a vector of ${perVector}`,
    result: `${figure(1000 * median(floats.flatMap(({ a }) => a)))} µs`,
    against: `${figure(median(floats.map(({ a, b }) => sum(b) / sum(a))))}× JSON.stringify(Array.from(vector)); ${floats.length} rounds`,
  };

  const many = Array.from({ length: ANSWER_VECTORS }, (_, i) => vectors[i % vectors.length] as Float32Array);
  const answer = {
    vectors: many,
    failures: new Map(),
    dtype: 'float',
    extras: () => ({}),
    model: manifest.name,
    usage: { prompt_tokens: 1, total_tokens: 1 },
  } as const;
  for (const format of ['float', 'base64'] as const) {
    const runs: { total: number; longest: number }[] = [];
    for (let i = 0; i < 2 * options.rounds; i++) {
      runs.push(await withLongestTurn(() => encodeEmbeddings({ ...answer, format })));
    }
    yield {
      model: manifest.name,
      measure: `answer of ${ANSWER_VECTORS} × ${vectors[0]?.length}, ${format}`,
      result: `${milliseconds(median(runs.map(({ total }) => total)))} to encode`,
      against: `the event loop held ${milliseconds(median(runs.map(({ longest }) => longest)))} at a time, ${milliseconds(Math.max(...runs.map(({ longest }) => longest)))} at worst; ${runs.length} runs`,
    };
  }

  const schema = JSON.parse(JSON.stringify(embeddingsBody(MAX_INPUTS))) as object;
  const reader = new BodyReader({
    schemas: { body: schema },
    forms: {},
    limits: { maxInputs: MAX_INPUTS, maxBodyBytes: 2 ** 24 },
  });
  for (const kibibytes of [16, 256, 1_024, 16_384]) {
    for (const [what, body] of Object.entries(bodiesOf(kibibytes * 1024))) {
      const runs: number[] = [];
      for (let i = 0; i < 4 * options.rounds; i++) {
        const start = performance.now();
        reader.read(body, 'body');
        runs.push(performance.now() - start);
      }
      yield {
        model: manifest.name,
        measure: `reading a body of ${kibibytes.toLocaleString('en-US')} KiB, ${what}`,
        result: milliseconds(median(runs)),
        against: `${kibibytes <= 256 ? 'on the event loop' : 'in a worker thread of the service'}; ${runs.length} runs`,
      };
    }
  }
}

async function realVectors({ workloads, manifest }: EngineBench, model: PackedModel): Promise<Float32Array[]> {
  const { hiddenSize } = manifest;
  const items = await workloads.take('q', VECTORS, 800);
  const { rows } = await model.run(toBatch(items.map(({ ids }) => ids)));
  return items.map((_, i) =>
    finishVector(rows.subarray(i * hiddenSize, (i + 1) * hiddenSize), hiddenSize, 'after_cut'),
  );
}

function writeAll(bytes: Uint8Array, vector: Float32Array): number {
  let end = 0;
  for (let i = 0; i < vector.length; i++) {
    if (i > 0) bytes[end++] = 0x2c;
    end = writeFloat(bytes, end, vector[i] as number);
  }
  return end;
}

/** Milliseconds a vector. */
function time(vectors: readonly Float32Array[], write: (vector: Float32Array) => number): number {
  const start = performance.now();
  for (let i = 0; i < REPEATS; i++) for (const vector of vectors) write(vector);
  return (performance.now() - start) / REPEATS / vectors.length;
}

async function withLongestTurn(run: () => Promise<unknown>): Promise<{ total: number; longest: number }> {
  const start = performance.now();
  let last = start;
  let longest = 0;
  const turn = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    next = setImmediate(turn);
  };
  let next = setImmediate(turn);
  await run();
  clearImmediate(next);
  longest = Math.max(longest, performance.now() - last);
  return { total: performance.now() - start, longest };
}

function bodiesOf(bytes: number): Record<string, Buffer> {
  const texts = Math.min(MAX_INPUTS, Math.ceil(bytes / 500));
  const text = (unit: string) => unit.repeat(Math.floor(bytes / texts / Buffer.byteLength(unit)) - 1);
  const json = (input: unknown) => Buffer.from(JSON.stringify({ input }));
  return {
    'English texts': json(Array.from({ length: texts }, () => text('words and '))),
    'Chinese texts': json(Array.from({ length: texts }, () => text('中国的首都'))),
    'token ids': json(Array.from({ length: Math.floor(bytes / 7) }, (_, i) => 100_000 + (i % 50_000))),
  };
}
