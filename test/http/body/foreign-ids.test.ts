import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { largestDifference } from '../../support/difference.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { type EmbeddingsAnswer, embed, errorOf, goldenTexts, succeed, vectorsOf } from '../answers.ts';

/** "What is the capital of China?" by OpenAI's cl100k_base: all in the starter's vocabulary, and other words there. */
const foreign = [3923, 374, 279, 6864, 315, 5734, 30];
const own = goldenTexts.slice(0, 2).map(({ ids }) => ids) as [number[], number[]];
const end = own[0].at(-1) as number;

describe("Token ids that are not of the model's tokenizer", () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: 64 });
  });
  after(() => service.close());

  const refusal = async (route: string, body: object, headers: Record<string, string> = {}) => {
    const response = await service.post(route, body, headers);
    return [response.status, await errorOf(response)] as const;
  };

  it('are refused wherever ids are taken, though the vocabulary has all of them', async () => {
    const inside = [...foreign.slice(0, 3), end, ...foreign.slice(3)];
    const inputs: [unknown, string][] = [
      [foreign, 'input'],
      [[foreign], 'input[0]'],
      [[own[0], foreign], 'input[1]'],
      [inside, 'input'],
      [own[0].slice(0, -1), 'input'],
      [[...own[0], foreign[0]], 'input'],
    ];
    for (const [input, param] of inputs) {
      const [status, error] = await refusal('/v1/embeddings', { input });
      assert.deepEqual([status, error.code, error.param], [400, 'invalid_token_id', param]);
      assert.match(error.message, new RegExp(`does not end with token ${end}, .*check_embedding_ctx_length=False`));
      assert.match(error.message, /"token_ids": "as_is".*x-token-ids: as_is/);
    }
    for (const route of ['/embed', '/']) {
      const response = await service.post(route, { inputs: foreign });
      const { error_type } = (await response.json()) as { error_type: string };
      assert.deepEqual([response.status, error_type], [422, 'Tokenizer']);
    }
  });

  it('nor those of lists that were padded to one length, for which no mask can be sent', async () => {
    for (const [ids, place] of [
      [[end, end, ...own[0]], 'start'],
      [[...own[0], end, end], 'end'],
    ] as const) {
      const [status, error] = await refusal('/v1/embeddings', { input: [own[1], ids] });
      assert.deepEqual([status, error.code, error.param], [400, 'invalid_token_id', 'input[1]']);
      assert.match(
        error.message,
        new RegExp(`has token ${end} at its ${place}, which is the padding token .*\\. Send each array`),
      );
      const done = await embed(service, { input: [ids], token_ids: 'as_is' });
      assert.equal(done.usage.total_tokens, ids.length);
    }
    const nothing = await embed(service, { input: [[end]] });
    assert.equal(nothing.usage.total_tokens, 1);
  });

  it('are the error of their input alone with on_error: partial', async () => {
    const { data } = await embed(service, { input: [own[0], foreign, own[1]], on_error: 'partial' });
    assert.deepEqual(
      data.map((item) => (item as { error?: { code: string } }).error?.code),
      [undefined, 'invalid_token_id', undefined],
    );
  });

  it('are embedded as they are where the request insists, by its field or by a header', async () => {
    const byField = await embed(service, { input: [foreign], token_ids: 'as_is' });
    assert.equal(byField.usage.total_tokens, foreign.length);
    const header = { 'x-token-ids': 'as_is' };
    const byHeader = await service.post('/v1/embeddings', { input: [foreign] }, header);
    const vectors = vectorsOf(byField);
    assert.deepEqual(vectorsOf((await byHeader.json()) as EmbeddingsAnswer), vectors);
    const tei = await service.post('/embed', { inputs: [foreign] }, header);
    const [row] = (await tei.json()) as number[][];
    assert.ok(largestDifference(Float32Array.from(row ?? []), vectors[0] as Float32Array) < 1e-6);
  });

  it('the field goes before the header, and neither takes another word', async () => {
    const [status] = await refusal(
      '/v1/embeddings',
      { input: foreign, token_ids: 'checked' },
      { 'x-token-ids': 'as_is' },
    );
    assert.equal(status, 400);
    const [, wrongHeader] = await refusal('/v1/embeddings', { input: own[0] }, { 'x-token-ids': 'yes' });
    assert.deepEqual([wrongHeader.code, wrongHeader.param], ['invalid_input', 'x-token-ids']);
    const [, wrongField] = await refusal('/v1/embeddings', { input: own[0], token_ids: true });
    assert.deepEqual([wrongField.code, wrongField.param], ['invalid_input', 'token_ids']);
  });

  it('stay refused beyond the vocabulary, whatever the request insists on', async () => {
    const [, error] = await refusal('/v1/embeddings', { input: [1_000_000, end], token_ids: 'as_is' });
    assert.equal(error.code, 'invalid_token_id');
  });

  it('lose no token in place of an end that they do not have, when they are cut', async () => {
    const long = Array.from({ length: 100 }, (_, i) => i + 1);
    for (const [truncate, kept] of [
      ['end', long.slice(0, 64)],
      ['start', long.slice(-64)],
    ] as const) {
      const cut = await embed(service, { input: long, truncate, token_ids: 'as_is' });
      const wanted = await embed(service, { input: kept, token_ids: 'as_is' });
      assert.deepEqual(vectorsOf(cut), vectorsOf(wanted));
      const marked = await embed(service, { input: [...long, end], truncate });
      const whole = [...(truncate === 'end' ? long.slice(0, 63) : long.slice(-63)), end];
      assert.deepEqual(vectorsOf(marked), vectorsOf(await embed(service, { input: whole })));
    }
  });

  it('ids of /v1/tokenize are taken', async () => {
    const { answer } = await succeed<{ data: { tokens: number[] }[] }>(service, '/v1/tokenize', { input: 'a b c' });
    const tokens = answer.data[0]?.tokens;
    assert.deepEqual(
      vectorsOf(await embed(service, { input: tokens })),
      vectorsOf(await embed(service, { input: 'a b c' })),
    );
  });
});

describe('Token ids for a model with a token before and one behind each text', () => {
  it('are refused unless they have both', async () => {
    const service = await startService({ model: path.join(paddedFixtures, 'bert-mean') });
    try {
      const { answer } = await succeed<{ data: { tokens: number[] }[] }>(service, '/v1/tokenize', { input: 'a word' });
      const tokens = answer.data[0]?.tokens as number[];
      await embed(service, { input: tokens });
      for (const input of [tokens.slice(1), tokens.slice(0, -1), tokens.slice(1, -1), [...tokens, 0, 0]]) {
        const { code, message } = await errorOf(await service.post('/v1/embeddings', { input }));
        assert.equal(code, 'invalid_token_id');
        assert.match(message, /does not begin with token \d+ and end with token \d+, as the ids of/);
      }
    } finally {
      await service.close();
    }
  });
});
