import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { packageRoot } from '../../src/package-info.ts';
import { type EmbeddingsAnswer, embed, vectorsOf } from '../http/answers.ts';
import { type RunningService, startService } from '../support/running-service.ts';
import { golden } from '../support/starter.ts';

const page = readFileSync(path.join(packageRoot, 'docs', 'quantized-vectors.md'), 'utf8');
const codeOf = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page)?.[1] ?? '';

type Vector = ArrayLike<number>;
interface Helpers {
  decode: (base64: string, dtype: string) => Int8Array | Uint8Array;
  cosine: (a: Vector, b: Vector) => number;
  centered: (vector: Vector) => Vector;
  hamming: (a: Vector, b: Vector) => number;
  toBits: (vector: Vector) => Vector;
  search: (
    query: Vector,
    documents: { bits: Vector; int8: Vector }[],
    count: number,
  ) => { index: number; score: number }[];
}

const { queries, documents } = golden.similarity;

describe('docs/quantized-vectors.md', () => {
  let service: RunningService;
  let js: Helpers;
  /** Vectors of the documents in each form. */
  let float: number[][];
  let asked: number[][];
  const as = async (output_dtype: string): Promise<number[][]> => {
    const { data } = await embed(service, { input: documents, output_dtype, encoding_format: 'float' });
    return data.map(({ embedding }) => embedding as number[]);
  };
  const inEveryForm = async (): Promise<[number[][], number[][], number[][], number[][]]> => [
    await as('int8'),
    await as('uint8'),
    await as('binary'),
    await as('ubinary'),
  ];
  const indexOf = (int8: number[][], ubinary: number[][]) =>
    documents.map((_, i) => ({ int8: int8[i] as number[], bits: ubinary[i] as number[] }));
  const toLists = (answer: EmbeddingsAnswer) => vectorsOf(answer).map((vector) => [...vector]);
  before(async () => {
    service = await startService();
    js = (await import(`data:text/javascript,${encodeURIComponent(codeOf('js'))}`)) as Helpers;
    float = toLists(await embed(service, { input: documents }));
    asked = toLists(await embed(service, { input: queries, input_type: 'query' }));
  });
  after(() => service.close());

  it('JavaScript: bytes become the integers', async () => {
    for (const output_dtype of ['int8', 'uint8', 'binary', 'ubinary']) {
      const { data } = await embed(service, { input: documents, output_dtype, encoding_format: 'base64' });
      const decoded = data.map(({ embedding }) => [...js.decode(embedding as string, output_dtype)]);
      assert.deepEqual(decoded, await as(output_dtype));
    }
  });

  it('JavaScript: scores are those of the float vectors, and bits those that differ', async () => {
    const [int8, uint8, binary, ubinary] = await inEveryForm();
    const size = float[0]?.length as number;
    for (const [i, a] of float.entries()) {
      assert.deepEqual(Array.from(js.toBits(a)), ubinary[i]);
      const signed = int8[i] as number[];
      assert.deepEqual(Array.from(js.centered(uint8[i] as Vector)), signed);
      for (const [j, b] of float.entries()) {
        const cosine = js.cosine(a, b);
        assert.ok(Math.abs(js.cosine(signed, int8[j] as Vector) - cosine) < 0.01);
        const dot = signed.reduce((sum, x, k) => sum + x * (int8[j]?.[k] as number), 0);
        assert.ok(Math.abs(dot / (256 * size) - cosine) < 0.02, 'the dot product ÷ 256 n');
        const differing = a.filter((x, k) => x > 0 !== (b[k] as number) > 0).length;
        assert.equal(js.hamming(ubinary[i] as Vector, ubinary[j] as Vector), differing);
        assert.equal(js.hamming(binary[i] as Vector, binary[j] as Vector), differing);
      }
    }
  });

  it('JavaScript: the search finds what the float vectors find', async () => {
    const [int8, , , ubinary] = await inEveryForm();
    const index = indexOf(int8, ubinary);
    for (const query of asked) {
      const wanted = float.map((vector) => js.cosine(query, vector));
      const [found] = js.search(query, index, 1);
      assert.equal(found?.index, wanted.indexOf(Math.max(...wanted)));
    }
  });

  it('Python: the same', async (t) => {
    if (spawnSync('python3', ['--version']).status !== 0) return t.skip('there is no python3');
    const [int8, uint8, binary, ubinary] = await inEveryForm();
    const { data } = await embed(service, { input: documents, output_dtype: 'binary', encoding_format: 'base64' });
    const base64 = data.map(({ embedding }) => embedding);
    const script = `${codeOf('python')}
import json, sys
given = json.load(sys.stdin)
print(json.dumps({
    "decoded": [list(decode(one, "binary")) for one in given["base64"]],
    "centered": [centered(one) for one in given["uint8"]],
    "bits": [to_bits(one) for one in given["float"]],
    "cosine": cosine(given["int8"][0], given["int8"][1]),
    "hamming": [hamming(given[form][0], given[form][1]) for form in ("binary", "ubinary")],
    "found": [search(query, list(zip(given["ubinary"], given["int8"])), 1)[0]["index"] for query in given["asked"]],
}))`;
    const input = JSON.stringify({ base64, int8, uint8, binary, ubinary, float, asked });
    const { stdout, stderr, status } = spawnSync('python3', ['-c', script], { input, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const pair = ([a, b]: number[][]) => [a, b] as [Vector, Vector];
    const index = indexOf(int8, ubinary);
    assert.deepEqual(JSON.parse(stdout), {
      decoded: binary,
      centered: int8,
      bits: ubinary,
      cosine: js.cosine(...pair(int8)),
      hamming: [js.hamming(...pair(binary)), js.hamming(...pair(ubinary))],
      found: asked.map((query) => js.search(query, index, 1)[0]?.index),
    });
  });
});
