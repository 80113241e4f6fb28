import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Dtype } from '../../src/model-files/manifest.ts';
import { largestDifference } from '../support/difference.ts';
import { startService } from '../support/running-service.ts';
import { fixtures } from '../support/starter.ts';

const folder = path.join(fixtures, 'named-exports');
/** What sentence-transformers gives with each file, by make.py beside it. */
const golden = JSON.parse(readFileSync(path.join(folder, 'golden.json'), 'utf8')) as Record<string, number[][]> & {
  texts: string[];
};

async function served(dtype: Dtype | 'auto'): Promise<{ dtype: string; vectors: number[][] }> {
  const service = await startService({ model: path.join(folder, 'bert'), dtype, logLevel: 'warn' });
  try {
    // All in one request, and so in batches, where the golden ones were computed alone.
    const response = await service.post('/v1/embeddings', { model: 'bert', input: golden.texts });
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    const models = (await (await fetch(`${service.url}/v1/models`)).json()) as { data: { dtype: string }[] };
    return { dtype: String(models.data[0]?.dtype), vectors: data.map(({ embedding }) => embedding) };
  } finally {
    await service.close();
  }
}

const cosine = (a: number[], b: number[]) => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

describe('the ONNX files that the export functions of sentence-transformers write', () => {
  for (const [dtype, tolerance, leastCosine] of [
    ['O3', 1e-5, 0.999999],
    ['O4', 2e-4, 0.99999],
    // On a processor without the instructions that the file is for, its products are rounded otherwise.
    ['qint8_avx512_vnni', 0.05, 0.999],
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

  it('takes the most exact of them where DTYPE names none', async () => {
    assert.equal((await served('auto')).dtype, 'O3');
  });

  it('lists what there is for a DTYPE that is not, and for files of names that nobody knows', async () => {
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
          /has no onnx\/model\.onnx\. It has onnx\/model_of_mine\.onnx; hotvec knows model\.onnx, model_O1\.onnx/,
      });
    } finally {
      rmSync(copy, { recursive: true });
    }
  });
});
