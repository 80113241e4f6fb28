import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { largestDifference } from '../../../support/difference.ts';
import { paddedFixtures, paddedGolden } from '../../../support/padded-fixtures.ts';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { fixtures } from '../../../support/starter.ts';
import { embed, succeed } from '../../answers.ts';
import { publishedApi } from '../published-api.ts';

interface Reference {
  text: string;
  ids: number[];
  /** Of `last_hidden_state` in PyTorch: test/fixtures/token-vectors/make.py. */
  tokens: { norm: number; first: number[] }[];
}

const references: Reference[] = JSON.parse(readFileSync(path.join(fixtures, 'token-vectors', 'starter.json'), 'utf8'));
const published = publishedApi('tei');
type Matrices = number[][][];

const embedAll = async (service: RunningService, body: object) => {
  assert.equal(published.check('EmbedAllRequest', body), null);
  const { answer, headers } = await succeed<Matrices>(service, '/embed_all', body);
  assert.equal(published.check('EmbedAllResponse', answer), null);
  return { answer, headers };
};
const refused = async (service: RunningService, body: object): Promise<[number, string, string]> => {
  const response = await service.post('/embed_all', body);
  const { error, error_type } = (await response.json()) as { error: string; error_type: string };
  return [response.status, error_type, error];
};
const unit = (vector: number[]) => vector.map((x) => x / Math.hypot(...vector));

describe('/embed_all of the dialect of text-embeddings-inference', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ vectorCacheMb: 1, maxInputs: 600 });
  });
  after(() => service.close());

  it('gives the hidden states of PyTorch for each token, alone and together, texts and ids', async () => {
    const texts = references.map(({ text }) => text);
    const together = (await embedAll(service, { inputs: texts })).answer;
    const mixed = (await embedAll(service, { inputs: references.map(({ text, ids }, i) => (i % 2 ? text : ids)) }))
      .answer;
    for (const [i, { text, tokens }] of references.entries()) {
      const [alone] = (await embedAll(service, { inputs: text })).answer;
      for (const matrix of [alone, together[i], mixed[i]] as number[][][]) {
        assert.equal(matrix.length, tokens.length);
        for (const [t, { norm, first }] of tokens.entries()) {
          const vector = matrix[t] as number[];
          assert.equal(vector.length, 256);
          const tolerance = 2e-5 * Math.max(1, norm);
          assert.ok(largestDifference(vector.slice(0, first.length), first) < tolerance, `token ${t} of ${text}`);
          assert.ok(Math.abs(Math.hypot(...vector) - norm) < tolerance);
        }
      }
    }
  });

  it('ends with what /embed gives, before it is normalized; a pooled row beside them stays what it was', async () => {
    const inputs = references.map(({ text }) => text);
    const [all, pooled, again] = await Promise.all([
      embedAll(service, { inputs }),
      succeed<number[][]>(service, '/embed', { inputs, normalize: false }),
      embedAll(service, { inputs }),
    ]);
    assert.deepEqual(again.answer, all.answer);
    for (const [i, matrix] of all.answer.entries()) {
      assert.ok(largestDifference(matrix.at(-1) as number[], pooled.answer[i] as number[]) < 1e-4);
    }
    // With a vector cache: it has pooled rows, and must not give one for the other.
    const { data } = await embed(service, { input: inputs });
    for (const [i, { embedding }] of data.entries()) {
      const last = unit(all.answer[i]?.at(-1) as number[]);
      assert.ok(largestDifference(last, embedding as number[]) < 2e-6);
    }
    assert.deepEqual((await embedAll(service, { inputs })).answer, all.answer);
  });

  it('takes the fields that it has there, and tells of its work as /embed does', async () => {
    const body = { inputs: 'word '.repeat(9000), truncate: true, truncation_direction: 'Left', prompt_name: 'query' };
    assert.deepEqual(Object.keys(body).sort(), published.fieldsOf('EmbedAllRequest').sort());
    const { headers, answer } = await embedAll(service, { inputs: ['x'], prompt_name: 'query', normalize: true });
    const tokens = (await embed(service, { input: 'x', input_type: 'query' })).usage.total_tokens;
    assert.equal(answer[0]?.length, tokens);
    assert.deepEqual([headers.get('x-compute-tokens'), headers.get('x-compute-characters')], [String(tokens), '1']);
    assert.ok(headers.get('x-embedding-fingerprint'));
    const short = await startService({ maxInputTokens: 40 });
    try {
      const cut = await embedAll(short, { ...body, prompt_name: null });
      assert.deepEqual([cut.answer[0]?.length, cut.headers.get('x-truncated-inputs')], [40, '1']);
      assert.deepEqual((await refused(short, { inputs: body.inputs, truncate: false })).slice(0, 2), [
        422,
        'Validation',
      ]);
    } finally {
      await short.close();
    }
  });

  it('refuses more numbers than an answer may have, before it computes them', async () => {
    const computed = service.log().length;
    const [status, type, message] = await refused(service, {
      inputs: Array(600).fill('one two three four five six '.repeat(6)),
    });
    assert.deepEqual([status, type], [422, 'Validation']);
    assert.match(message, /^The request has \d+ tokens; the limit for token vectors is 16384 per request/);
    assert.match(service.log().slice(computed), /"code":"too_many_tokens"/);
    for (const [body, wanted] of [
      [{ inputs: '' }, 400],
      [{ inputs: [] }, 400],
      [{}, 422],
      [{ inputs: 'x', prompt_name: 'other' }, 422],
    ] as [object, number][]) {
      assert.equal((await refused(service, body))[0], wanted);
    }
  });

  it('takes room for its answer before it computes it: what cannot be held is refused', async () => {
    const small = await startService({ maxBodyBytes: 2 ** 16, maxInflightBytes: 2 ** 20 });
    try {
      const [status, type, message] = await refused(small, { inputs: 'word '.repeat(600) });
      assert.deepEqual([status, type], [422, 'Validation']);
      assert.match(message, /^The response could take \d+ bytes; the server can hold 1048576 at a time/);
      assert.match(small.log(), /"route":"\/embed_all","model":"starter","status":422,.*"code":"too_many_inputs"/);
      assert.equal((await embedAll(small, { inputs: 'word' })).answer.length, 1);
    } finally {
      await small.close();
    }
  });

  it('of an ONNX graph gives hidden states whose mean is the vector that sentence-transformers gives', async () => {
    const bert = await startService({ model: path.join(paddedFixtures, 'bert-mean') });
    try {
      const texts = paddedGolden('bert-mean')
        .texts.filter(({ text }) => text !== '')
        .slice(0, 4);
      const { answer } = await embedAll(bert, { inputs: texts.map(({ text }) => text) });
      for (const [i, { vector, ids }] of texts.entries()) {
        const matrix = answer[i] as number[][];
        assert.equal(matrix.length, ids.length);
        const mean = (matrix[0] as number[]).map(
          (_, j) => matrix.reduce((sum, row) => sum + (row[j] as number), 0) / ids.length,
        );
        assert.ok(largestDifference(unit(mean), unit(vector)) < 1e-5);
      }
    } finally {
      await bert.close();
    }
  });

  for (const folder of ['bert-pooled', 'bert-cls-dense']) {
    it(`is 424 of ${folder}, whose vectors are not those of tokens any more`, async () => {
      const other = await startService({ model: path.join(paddedFixtures, folder) });
      try {
        const [status, type, message] = await refused(other, { inputs: 'x' });
        assert.deepEqual([status, type], [424, 'Backend']);
        assert.match(message, /^This model produces no vectors of single tokens/);
      } finally {
        await other.close();
      }
    });
  }
});
