import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { largestDifference } from '../../support/difference.ts';
import { paddedFixtures } from '../../support/padded-fixtures.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import {
  type EmbeddingsAnswer,
  embed,
  errorOf,
  goldenTexts,
  type SimilarityAnswer,
  succeed,
  vectorsOf,
} from '../answers.ts';

const LIMIT = 20;
const long = goldenTexts.filter(({ ids }) => ids.length > LIMIT);
const short = goldenTexts.filter(({ ids }) => ids.length <= LIMIT);
const cut = {
  end: (ids: number[]) => [...ids.slice(0, LIMIT - 1), ids.at(-1) as number],
  start: (ids: number[]) => ids.slice(-LIMIT),
};

describe(`Texts longer than the limit of ${LIMIT} tokens`, () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT });
  });
  after(() => service.close());

  it('are refused unless told otherwise, naming the first, its tokens and the limit', async () => {
    const input = [short[0]?.text, long[0]?.text];
    for (const truncate of [undefined, null, 'error']) {
      const response = await service.post('/v1/embeddings', { input, truncate });
      const error = await errorOf(response);
      assert.deepEqual([response.status, error.code, error.param], [400, 'input_too_long', 'input[1]']);
      assert.ok(error.message.includes(`${long[0]?.ids.length} tokens`) && error.message.includes(`${LIMIT} tokens`));
    }
  });

  it('are not blamed for a prompt that leaves no room, whatever is asked for, nor for its part of the length', async () => {
    const instruction = 'word '.repeat(LIMIT);
    const alone = (found: string) =>
      `The instruction alone has ${found} tokens; the limit is ${LIMIT} tokens per input, including the text.`;
    for (const choice of [{}, { truncate: 'error' }, { truncate: 'end' }, { on_error: 'partial' }]) {
      for (const [text, wanted] of [
        [instruction, alone('\\d+')],
        ['ten words '.repeat(1_000), alone(`more than ${LIMIT}`)],
      ] as const) {
        const error = await errorOf(
          await service.post('/v1/embeddings', { input: ['a', 'b'], instruction: text, ...choice }),
        );
        assert.deepEqual([error.code, error.param], ['input_too_long', 'instruction']);
        assert.match(error.message, new RegExp(`^${wanted}$`));
      }
    }
    const both = await errorOf(
      await service.post('/v1/embeddings', {
        input: 'more words than fit behind it, and then some more of them',
        instruction: 'Find it',
      }),
    );
    assert.equal(both.param, 'input');
    assert.match(both.message, /^input has \d+ tokens, its prompt included; the limit is 20 tokens/);
    const long = await errorOf(
      await service.post('/v1/embeddings', { input: 'ten words '.repeat(1_000), instruction: 'Find it' }),
    );
    assert.match(long.message, /^input has more than 20 tokens, its prompt included; /);
  });

  for (const side of ['end', 'start'] as const) {
    it(`are cut at the ${side} where asked for, keep their end token, and say so`, async () => {
      const mixed = [short[0], long[0], short[1], ...long.slice(1)] as typeof goldenTexts;
      const { answer, headers } = await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', {
        input: mixed.map(({ text }) => text),
        truncate: side,
      });
      const ids = mixed.map((text) => (text.ids.length > LIMIT ? cut[side](text.ids) : text.ids));
      const vectors = vectorsOf(answer);
      for (const [i, wanted] of vectorsOf(await embed(service, { input: ids })).entries()) {
        assert.ok(largestDifference(vectors[i] as Float32Array, wanted) < 1e-6, mixed[i]?.text.slice(0, 40));
        const isCut = (mixed[i]?.ids.length ?? 0) > LIMIT;
        assert.equal(answer.data[i]?.truncated, isCut ? true : undefined);
        assert.equal(answer.data[i]?.tokens, isCut ? LIMIT : undefined);
      }
      assert.equal(headers.get('x-truncated-inputs'), String(long.length));
      assert.equal(
        answer.usage.total_tokens,
        ids.reduce((sum, one) => sum + one.length, 0),
      );
    });
  }

  it('are cut when they are token ids, too', async () => {
    const [{ ids }] = long as [(typeof long)[number]];
    for (const side of ['end', 'start'] as const) {
      const answer = await embed(service, { input: ids, truncate: side });
      const wanted = await embed(service, { input: cut[side](ids) });
      assert.deepEqual(vectorsOf(answer), vectorsOf(wanted));
      assert.equal(answer.data[0]?.truncated, true);
    }
  });

  it('are cut on either side of a similarity, and both sides are told and counted', async () => {
    const truncated = async () =>
      Number(
        /^hotvec_truncated_inputs_total\{model="starter"\} (\d+)$/m.exec(
          await (await fetch(`${service.url}/metrics`)).text(),
        )?.[1],
      );
    const texts = [short[0]?.text, long[0]?.text];
    const body = { queries: texts, documents: texts, query_input_type: 'document' };
    const refused = await service.post('/v1/similarity', body);
    assert.deepEqual([refused.status, (await errorOf(refused)).param], [400, 'queries[1]']);
    const before = await truncated();
    const { answer, headers } = await succeed<SimilarityAnswer>(service, '/v1/similarity', {
      ...body,
      truncate: 'end',
    });
    assert.equal(headers.get('x-truncated-inputs'), '2');
    assert.equal(answer.usage.total_tokens, 2 * ((short[0]?.ids.length ?? 0) + LIMIT));
    assert.ok(Math.abs((answer.scores[1]?.[1] as number) - 1) < 1e-6);
    assert.equal((await truncated()) - before, 2);
  });

  it('nothing is disclosed where nothing was cut', async () => {
    const { answer, headers } = await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', {
      input: short.map(({ text }) => text),
      truncate: 'end',
    });
    assert.equal(headers.get('x-truncated-inputs'), null);
    assert.ok(answer.data.every((item) => !('truncated' in item) && !('tokens' in item)));
  });

  it('are cut by the setting TRUNCATE when the request does not say', async () => {
    const cutting = await startService({ maxInputTokens: LIMIT, truncate: 'end' });
    try {
      const input = long[0]?.text;
      assert.equal((await embed(cutting, { input })).data[0]?.truncated, true);
      assert.equal((await cutting.post('/v1/embeddings', { input, truncate: 'error' })).status, 400);
    } finally {
      await cutting.close();
    }
  });
});

describe('Spaces, which cost characters and hardly a token', () => {
  const MODEL_LIMIT = 48;
  const [first, second] = ['vector tensor', 'matrix scalar'];
  const page = `${first}${' '.repeat(100_000)}${second}`;
  let service: RunningService;
  before(async () => {
    service = await startService({ model: path.join(paddedFixtures, 'bert-mean'), maxInputTokens: MODEL_LIMIT });
  });
  after(() => service.close());

  const tokensOf = async (input: string) =>
    (await succeed<{ data: { tokens: number[] }[] }>(service, '/v1/tokenize', { input })).answer.data[0]?.tokens;

  it('make no text too long, and cut none: the vector is that of the words', async () => {
    const words = vectorsOf(await embed(service, { input: `${first} ${second}` }))[0] as Float32Array;
    for (const truncate of ['error', 'end', 'start']) {
      const answer = await embed(service, { input: page, truncate });
      assert.ok(largestDifference(vectorsOf(answer)[0] as Float32Array, words) < 1e-6, truncate);
      assert.equal(answer.data[0]?.truncated, undefined);
    }
  });

  it('are counted by /v1/tokenize and by /tokenize, however many', async () => {
    const ids = await tokensOf(`${first} ${second}`);
    for (const text of [page, `${page}${' '.repeat(4_000_000)}`]) {
      assert.deepEqual(await tokensOf(text), ids);
      const read = await succeed<{ id: number; stop: number | null }[][]>(service, '/tokenize', { inputs: text });
      assert.deepEqual(
        read.answer[0]?.map(({ id }) => id),
        ids,
      );
      assert.equal(read.answer[0]?.at(-2)?.stop, page.length);
    }
  });

  it('in a text that is too long are no part of what is kept, on either side', async () => {
    const text = Array.from({ length: 60 }, (_, i) => `${i}${' '.repeat(300)}word`).join(' '.repeat(200));
    const narrow = text.replaceAll(/ +/g, ' ');
    for (const truncate of ['end', 'start']) {
      const [wide, short] = [
        await embed(service, { input: text, truncate }),
        await embed(service, { input: narrow, truncate }),
      ];
      assert.ok(largestDifference(vectorsOf(wide)[0] as Float32Array, vectorsOf(short)[0] as Float32Array) < 1e-6);
      assert.deepEqual([wide.data[0]?.truncated, wide.data[0]?.tokens], [true, MODEL_LIMIT]);
    }
  });
});
