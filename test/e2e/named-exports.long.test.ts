import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ElementType, OnnxGraph } from '../../src/formats/graph-writer/onnx-graph.ts';
import type { Dtype } from '../../src/model-files/manifest.ts';
import { largestDifference } from '../support/difference.ts';
import { integerProductsOverflow } from '../support/multiply-integers.ts';
import { startService } from '../support/running-service.ts';
import { fixtures } from '../support/starter.ts';

const folder = path.join(fixtures, 'named-exports');
/** Of its config.json. */
const VOCABULARY = 320;
const HIDDEN = 32;
/** What sentence-transformers gives with each file, by make.py beside it. */
const golden = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as Record<string, number[][]> & {
  texts: string[];
};

async function served(
  dtype: Dtype | 'auto',
  model = path.join(folder, 'bert'),
): Promise<{ dtype: string; vectors: number[][] }> {
  const service = await startService({ model, dtype, logLevel: 'warn' });
  try {
    // All in one request, and so in batches, where the golden ones were computed alone.
    const response = await service.post('/v1/embeddings', { model: path.basename(model), input: golden.texts });
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    const models = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: { dtype: string }[] };
    return { dtype: String(models.data[0]?.dtype), vectors: data.map(({ embedding }) => embedding) };
  } finally {
    await service.close();
  }
}

/** Looks tokens up and multiplies them by 127, in an operator that ONNX Runtime 1.30 has no exact products for without VNNI. */
function exportWithWideWeights(): Uint8Array {
  const graph = new OnnxGraph('export');
  const ids = graph.input('input_ids', ElementType.int64, ['batch', 'length']);
  graph.input('attention_mask', ElementType.int64, ['batch', 'length']);
  const bytes = (name: string, type: ElementType, shape: number[], value: number) =>
    graph.constant(name, type, shape, new Uint8Array(shape.reduce((a, b) => a * b, 1)).fill(value));
  const float = (name: string, value: number) => graph.constant(name, ElementType.float32, [], Float32Array.of(value));
  const tokens = graph.node('Gather', [bytes('table', ElementType.uint8, [VOCABULARY, HIDDEN], 255), ids]);
  const [one, zero] = [float('one', 1), bytes('zero', ElementType.uint8, [], 0)];
  const weights = [
    bytes('weights', ElementType.int8, [HIDDEN, HIDDEN], 127),
    one,
    bytes('signed', ElementType.int8, [], 0),
  ];
  const scale = float('scale', 255 * HIDDEN);
  const product = graph.node('QLinearMatMul', [tokens, one, zero, ...weights, scale, zero]);
  const output = graph.output('last_hidden_state', ElementType.float32, ['batch', 'length', HIDDEN]);
  graph.node('DequantizeLinear', [product, scale, zero], { outputs: [output] });
  return graph.serialize({ '': 21 });
}

const cosine = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

describe('the ONNX files that the export functions of sentence-transformers write', () => {
  for (const [dtype, tolerance, leastCosine] of [
    ['O3', 1e-5, 0.999999],
    ['O4', 2e-4, 0.99999],
    // On every processor: without the instructions that the file is for, ONNX Runtime is asked for exact products.
    ['qint8_avx512_vnni', 1e-5, 0.999999],
  ] as const) {
    it(`gives sentence-transformers' vectors with DTYPE=${dtype}`, async () => {
      const { dtype: used, vectors } = await served(dtype);
      assert.equal(used, dtype);
      for (const [i, vector] of vectors.entries()) {
        const wanted = golden[dtype]?.[i] as number[];
        assert.ok(largestDifference(vector, wanted) < tolerance, golden.texts[i]);
        assert.ok(cosine(vector, wanted) > leastCosine, golden.texts[i]);
        assert.ok(cosine(vector, golden.torch?.[i] as number[]) > 0.999, golden.texts[i]);
      }
    });
  }

  it('refuses weights that overflow anyway before anything is served, and serves them where nothing overflows', async () => {
    const copy = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    try {
      cpSync(path.join(folder, 'bert'), copy, { recursive: true });
      writeFileSync(path.join(copy, 'onnx/model_quantized.onnx'), exportWithWideWeights());
      if (await integerProductsOverflow()) {
        await assert.rejects(served('q8', copy), {
          message:
            /^The engine did not start\. DTYPE=q8: the 8-bit weights of this export overflow in this processor's integer products, .*\(QLinearMatMul of opset 21\)\. Set DTYPE to another one in the folder \(.*O3.*\), use an export made with reduce_range/,
        });
      } else {
        // All components of a hidden state are the same.
        for (const vector of (await served('q8', copy)).vectors) {
          assert.ok(vector.every((value) => Math.abs(value - Math.sqrt(1 / HIDDEN)) < 1e-6));
        }
      }
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  it('takes the most exact of them where DTYPE names none', async () => {
    assert.equal((await served('auto')).dtype, 'O3');
  });

  it('lists the available files for a DTYPE that is missing, and for files with unknown names', async () => {
    await assert.rejects(served('fp32'), {
      message:
        /DTYPE=fp32 is not available for this model on cpu; available there: O3, O4, qint8_avx512_vnni\. Set DTYPE/,
    });
    const copy = mkdtempSync(path.join(tmpdir(), 'hotvec-'));
    try {
      cpSync(path.join(folder, 'bert'), copy, { recursive: true });
      for (const name of ['O4', 'qint8_avx512_vnni']) rmSync(path.join(copy, `onnx/model_${name}.onnx`));
      renameSync(path.join(copy, 'onnx/model_O3.onnx'), path.join(copy, 'onnx/model_of_mine.onnx'));
      await assert.rejects(startService({ model: copy, logLevel: 'warn' }), {
        message:
          /has no onnx\/model\.onnx\. It has onnx\/model_of_mine\.onnx; hotvec recognizes model\.onnx, model_O1\.onnx/,
      });
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
