import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { EncodingFormat } from '../../../src/http/answers/encode-rows.ts';
import { encodeEmbeddings, encodeMatrix } from '../../../src/http/answers/encode-vectors.ts';
import { type OutputDtype, outputDtypes, quantizeVector } from '../../../src/http/body/output-dtype.ts';

const tail = { model: 'a "quoted" name', usage: { prompt_tokens: 3, total_tokens: 3 } };
/** Any finite float32, −0 and subnormals included. */
const component = fc.float({ noNaN: true, noDefaultInfinity: true });
const vectorsOfOneLength = fc
  .integer({ min: 1, max: 40 })
  .chain((length) => fc.array(fc.array(component, { minLength: length, maxLength: length }), { maxLength: 20 }))
  .map((rows) => rows.map((row) => Float32Array.from(row)));

async function encoded(
  vectors: Float32Array[],
  format: EncodingFormat,
  extras: object = {},
  dtype: OutputDtype = 'float',
) {
  const answer = { vectors, failures: new Map(), format, dtype, extras: () => ({ ...extras }), ...tail };
  const chunks = await encodeEmbeddings(answer);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** Equal bit for bit: −0 is not 0. */
function assertSame(actual: Float32Array, expected: Float32Array): void {
  assert.deepEqual(new Uint32Array(actual.slice().buffer), new Uint32Array(expected.slice().buffer));
}

describe('encodeEmbeddings()', () => {
  it('writes JSON from which both formats give back every vector, bit for bit and in order', async () => {
    await fc.assert(
      fc.asyncProperty(vectorsOfOneLength, async (vectors) => {
        const float = await encoded(vectors, 'float');
        const base64 = await encoded(vectors, 'base64');
        assert.equal(float.data.length, vectors.length);
        for (const [i, vector] of vectors.entries()) {
          assertSame(Float32Array.from(float.data[i].embedding), vector);
          const bytes = new Uint8Array(Buffer.from(base64.data[i].embedding, 'base64'));
          assertSame(new Float32Array(bytes.buffer), vector);
          assert.equal(float.data[i].index, i);
        }
      }),
      { numRuns: 500, seed: 20_260_104 },
    );
  });

  it('writes quantized vectors as JSON integers and as their bytes, both the same', async () => {
    await fc.assert(
      fc.asyncProperty(vectorsOfOneLength, async (rows) => {
        const vectors = rows.map((row) =>
          Float32Array.from({ length: 8 * row.length }, (_, i) => row[i >> 3] as number),
        );
        for (const dtype of outputDtypes.filter((one) => one !== 'float')) {
          const numbers = await encoded(vectors, 'float', {}, dtype);
          const base64 = await encoded(vectors, 'base64', {}, dtype);
          for (const [i, vector] of vectors.entries()) {
            const wanted = quantizeVector(vector, dtype);
            assert.deepEqual(numbers.data[i].embedding, Array.from(wanted));
            const bytes = Buffer.from(base64.data[i].embedding, 'base64');
            assert.deepEqual(new Uint8Array(bytes), new Uint8Array(wanted.buffer));
          }
        }
      }),
      { numRuns: 200, seed: 20_260_106 },
    );
  });

  it('writes the fields around the vectors, and only those', async () => {
    const answer = await encoded([Float32Array.of(1, 2)], 'float', { truncated: true, tokens: 7 });
    const item = { object: 'embedding', index: 0, truncated: true, tokens: 7, embedding: [1, 2] };
    assert.deepEqual(answer, { object: 'list', data: [item], ...tail });
    assert.deepEqual(await encoded([], 'base64'), { object: 'list', data: [], ...tail });
  });

  it('encodes a view into a batch as the view, not as the batch', async () => {
    const batch = Float32Array.from({ length: 9 }, (_, i) => i);
    const { data } = await encoded([batch.subarray(3, 6)], 'base64');
    const bytes = Buffer.from(data[0].embedding, 'base64');
    assert.deepEqual([bytes.length, bytes.readFloatLE(0), bytes.readFloatLE(8)], [12, 3, 5]);
  });

  it('does not mix two answers that are written at the same time', async () => {
    const make = (seed: number) =>
      Array.from({ length: 300 }, (_, i) => new Float32Array(1024).fill(Math.fround(seed + i / 1000)));
    const [first, second] = await Promise.all([encoded(make(1), 'float'), encoded(make(2), 'float')]);
    for (const [answer, seed] of [
      [first, 1],
      [second, 2],
    ]) {
      for (const [i, vector] of make(seed).entries()) assertSame(Float32Array.from(answer.data[i].embedding), vector);
    }
  });

  it('lets the event loop in while it writes a large answer', async () => {
    let turns = 0;
    const tick = () => {
      turns += 1;
      timer = setImmediate(tick);
    };
    let timer = setImmediate(tick);
    await encoded(
      Array.from({ length: 512 }, () => new Float32Array(1024).fill(0.123)),
      'float',
    );
    clearImmediate(timer);
    assert.ok(turns >= 4, `${turns} turns`);
  });
});

describe('encodeMatrix()', () => {
  it('writes nested arrays from which every number comes back', async () => {
    await fc.assert(
      fc.asyncProperty(vectorsOfOneLength, async (rows) => {
        const columns = rows[0]?.length ?? 1;
        const values = Float32Array.from(rows.flatMap((row) => [...row]));
        const matrix = JSON.parse(Buffer.concat(await encodeMatrix(values, columns)).toString()) as number[][];
        assert.equal(matrix.length, rows.length);
        for (const [i, row] of rows.entries()) assertSame(Float32Array.from(matrix[i] as number[]), row);
      }),
      { numRuns: 500, seed: 20_260_105 },
    );
  });
});
