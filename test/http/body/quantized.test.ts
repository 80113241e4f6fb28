import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { outputDtypes, quantizeVector } from '../../../src/http/body/output-dtype.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { embed, errorOf, goldenTexts, vectorsOf } from '../answers.ts';

const input = goldenTexts.slice(0, 6).map(({ text }) => text);

describe('output_dtype of POST /v1/embeddings', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  for (const output_dtype of outputDtypes.filter((dtype) => dtype !== 'float')) {
    it(`${output_dtype}: the float vectors quantized, as integers and as bytes, cut or not`, async () => {
      for (const dimensions of [null, 32, 104]) {
        const floats = vectorsOf(await embed(service, { input, dimensions }));
        const integers = await embed(service, { input, dimensions, output_dtype });
        const bytes = await embed(service, { input, dimensions, output_dtype, encoding_format: 'base64' });
        for (const [i, vector] of floats.entries()) {
          const wanted = quantizeVector(vector, output_dtype);
          assert.deepEqual(integers.data[i]?.embedding, Array.from(wanted));
          const raw = Buffer.from(bytes.data[i]?.embedding as string, 'base64');
          assert.deepEqual(new Uint8Array(raw), new Uint8Array(wanted.buffer));
        }
        assert.deepEqual(Object.keys(integers.data[0] ?? {}), ['object', 'index', 'embedding']);
      }
    });
  }

  it('float, null and nothing are the same', async () => {
    const wanted = await embed(service, { input });
    for (const output_dtype of ['float', null]) assert.deepEqual(await embed(service, { input, output_dtype }), wanted);
  });

  it('gives bits whether normalized or not: signs have no length', async () => {
    const body = { input, output_dtype: 'ubinary' };
    const { data } = await embed(service, body);
    assert.deepEqual((await embed(service, { ...body, normalize: false })).data, data);
  });

  it('refuses integers without a scale and incomplete bytes before anything is computed', async () => {
    for (const [body, code, param] of [
      [{ output_dtype: 'int8', normalize: false }, 'invalid_input', 'normalize'],
      [{ output_dtype: 'uint8', normalize: false }, 'invalid_input', 'normalize'],
      [{ output_dtype: 'binary', dimensions: 100 }, 'invalid_dimensions', 'dimensions'],
      [{ output_dtype: 'ubinary', dimensions: 33 }, 'invalid_dimensions', 'dimensions'],
      [{ output_dtype: 'int8', dimensions: 31 }, 'invalid_dimensions', 'dimensions'],
      [{ output_dtype: 'int4' }, 'invalid_input', 'output_dtype'],
    ] as const) {
      const response = await service.post('/v1/embeddings', { input, ...body });
      const error = await errorOf(response);
      assert.deepEqual([response.status, error.code, error.param], [400, code, param]);
    }
  });
});
