import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { golden } from '../../../support/starter.ts';
import { embed, errorOf, goldenTexts, succeed } from '../../answers.ts';

const LIMIT = 20;
const texts = goldenTexts.map(({ text }) => text);
const long = goldenTexts.find(({ ids }) => ids.length > LIMIT) as (typeof goldenTexts)[number];
const short = goldenTexts.filter(({ ids }) => ids.length <= LIMIT);

interface Piece {
  id: number;
  text: string;
  special: boolean;
  start: number | null;
  stop: number | null;
  prompt: boolean;
}

interface TokenizeAnswer {
  object: 'list';
  data: {
    object: 'tokens';
    index: number;
    count: number;
    truncated: boolean;
    too_long: boolean;
    tokens: number[];
    prompt?: string;
    pieces?: Piece[];
  }[];
  model: string;
  count: number;
  max_input_tokens: number;
}

const tokenize = async (service: RunningService, body: object) =>
  (await succeed<TokenizeAnswer>(service, '/v1/tokenize', body)).answer;

describe('POST /v1/tokenize', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ aliases: ['alias'] });
  });
  after(() => service.close());

  it('gives the ids of the reference', async () => {
    const answer = await tokenize(service, { input: texts });
    assert.deepEqual(
      answer.data,
      goldenTexts.map(({ ids }, index) => ({
        object: 'tokens',
        index,
        count: ids.length,
        truncated: false,
        too_long: false,
        tokens: ids,
      })),
    );
    const { data, ...rest } = answer;
    const count = goldenTexts.reduce((sum, { ids }) => sum + ids.length, 0);
    assert.deepEqual(rest, { object: 'list', model: 'starter', count, max_input_tokens: 8192 });
    assert.deepEqual((await tokenize(service, { input: texts[0] })).data, data.slice(0, 1));
  });

  it('counts the tokens that /v1/embeddings charges, and gives ids that it embeds as the same vectors', async () => {
    const task = 'Given a web search query, retrieve relevant passages that answer the query';
    for (const choice of [
      {},
      { input_type: 'query' },
      { input_type: 'passage' },
      { instruction: task },
      { model: 'alias-query' },
      { model: 'starter-document', input_type: null },
    ]) {
      const answer = await tokenize(service, { input: texts, ...choice });
      const embedded = await embed(service, { input: texts, ...choice, encoding_format: 'base64' });
      assert.equal(answer.count, embedded.usage.total_tokens);
      const input = answer.data.map(({ tokens }) => tokens);
      assert.deepEqual((await embed(service, { input, encoding_format: 'base64' })).data, embedded.data);
    }
    const [query] = (await tokenize(service, { input: texts.slice(0, 1), input_type: 'query' })).data;
    const prompt = (await tokenize(service, { input: golden.query_prompt })).data[0]?.tokens.slice(0, -1) ?? [];
    assert.deepEqual(query?.tokens.slice(0, prompt.length), prompt);
  });

  it('says with return_pieces what each token stands for, and which are of the prompt', async () => {
    const task = 'Say where 👩‍👩‍👧 it is';
    const model = ((await (await fetch(`${service.url}/v1/models/starter`)).json()) as { prompts: { query: string } })
      .prompts;
    for (const [choice, prompt] of [
      [{}, ''],
      [{ input_type: 'document' }, ''],
      [{ input_type: 'query' }, model.query],
      [{ instruction: task }, `Instruct: ${task}\nQuery:`],
    ] as const) {
      const input = [...texts, '🙂é中 naïve <|endoftext|>'];
      const { data, ...rest } = await tokenize(service, { input, ...choice, return_pieces: true });
      const bare = await tokenize(service, { input, ...choice, return_pieces: false });
      assert.deepEqual({ ...rest, data: data.map(({ prompt: _, pieces: __, ...item }) => item) }, bare);
      for (const [i, { tokens, pieces = [], ...item }] of data.entries()) {
        assert.equal(item.prompt, prompt);
        assert.deepEqual(
          pieces.map(({ id }) => id),
          tokens,
        );
        const characters = [...`${prompt}${input[i]}`];
        for (const { text, start, stop, special, prompt: ofPrompt } of pieces) {
          assert.equal(start === null, special);
          if (start === null || stop === null) continue;
          assert.equal(text, characters.slice(start, stop).join(''));
          assert.equal(ofPrompt, start < [...prompt].length);
        }
        assert.deepEqual(pieces.at(-1), {
          id: 11974,
          text: '<|endoftext|>',
          special: true,
          start: null,
          stop: null,
          prompt: false,
        });
        // Nothing of a text is without a token here, and what is written in it is no special token.
        const ends = pieces.flatMap(({ stop }) => stop ?? []);
        assert.equal(Math.max(...ends), characters.length);
        assert.equal(pieces.filter(({ special }) => special).length, 1);
      }
    }
  });

  it('takes no token ids, and says so', async () => {
    for (const input of [[1, 2], [[1, 2]], [1.5]]) {
      const error = await errorOf(await service.post('/v1/tokenize', { input }));
      assert.equal(error.message, 'input is token ids; expected a string or an array of strings.');
    }
  });

  it('says the time of its only stage', async () => {
    const { headers } = await succeed(service, '/v1/tokenize', { input: 'x' });
    assert.match(headers.get('server-timing') ?? '', /^tokenize;dur=[\d.]+$/);
    assert.equal(headers.get('x-truncated-inputs'), null);
  });

  it('refuses invalid requests', async () => {
    for (const [body, code, param] of [
      [{}, 'invalid_input', 'input'],
      [{ input: '' }, 'empty_input', 'input'],
      [{ input: ['a', ''] }, 'empty_input', 'input[1]'],
      [{ input: [] }, 'empty_input', 'input'],
      [{ input: [[1, 2]] }, 'invalid_input', 'input'],
      [{ input: ['a', '\ud800'] }, 'invalid_input', 'input[1]'],
      [{ input: Array(2049).fill('a') }, 'too_many_inputs', 'input'],
      [{ input: 'a', model: 'starter-query', input_type: 'document' }, 'invalid_input', 'input_type'],
      [{ input: 'a', instruction: 'Find', input_type: 'document' }, 'invalid_input', 'instruction'],
      [{ input: 'a', instruction: '' }, 'invalid_input', 'instruction'],
      [{ input: 'a', encoding_format: 'float' }, 'unknown_field', 'encoding_format'],
    ] as const) {
      const response = await service.post('/v1/tokenize', body);
      const error = await errorOf(response);
      assert.deepEqual([response.status, error.code, error.param], [400, code, param]);
    }
  });

  it('answers while the engine restarts, when nothing can be embedded', async () => {
    process.kill(service.engineProcessId() as number, 'SIGKILL');
    const giveUp = performance.now() + 20_000;
    while ((await fetch(`${service.url}/readyz`)).ok && performance.now() < giveUp) await sleep(2);
    const [tokenized, embedded] = await Promise.all([
      service.post('/v1/tokenize', { input: 'x' }),
      service.post('/v1/embeddings', { input: 'x' }),
    ]);
    assert.deepEqual([tokenized.status, embedded.status], [200, 503]);
  });
});

describe(`POST /v1/tokenize with texts longer than the limit of ${LIMIT} tokens`, () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT, maxRequestTokens: 200 });
  });
  after(() => service.close());

  it('counts them whole, and says that they are too long', async () => {
    for (const truncate of [undefined, 'error', null]) {
      const { data, max_input_tokens } = await tokenize(service, { input: [short[0]?.text, long.text], truncate });
      assert.equal(max_input_tokens, LIMIT);
      assert.deepEqual(
        data.map(({ too_long, truncated, count }) => [too_long, truncated, count]),
        [
          [false, false, short[0]?.ids.length],
          [true, false, long.ids.length],
        ],
      );
    }
  });

  for (const truncate of ['end', 'start']) {
    it(`cuts them at the ${truncate} where asked to, as /v1/embeddings would`, async () => {
      const body = { input: [short[0]?.text, long.text], truncate };
      const { answer, headers } = await succeed<TokenizeAnswer>(service, '/v1/tokenize', body);
      assert.deepEqual(
        answer.data.map(({ too_long, truncated, count }) => [too_long, truncated, count]),
        [
          [false, false, short[0]?.ids.length],
          [false, true, LIMIT],
        ],
      );
      assert.equal(headers.get('x-truncated-inputs'), '1');
      const embedded = await embed(service, body);
      assert.equal(answer.count, embedded.usage.total_tokens);
      const again = await embed(service, { input: answer.data[1]?.tokens });
      assert.deepEqual(again.data[0]?.embedding, embedded.data[1]?.embedding);
    });
  }

  for (const truncate of ['end', 'start']) {
    it(`has with return_pieces those that are left where the ${truncate} is cut off`, async () => {
      const prompt = 'Instruct: é\nQuery:';
      const input = [short[0]?.text, long.text];
      const body = { input, truncate, instruction: 'é', return_pieces: true };
      const { data } = await tokenize(service, body);
      const whole = await tokenize(service, { ...body, truncate: 'error' });
      const [item, of] = [data[1], whole.data[1]];
      assert.ok(item?.pieces && of?.pieces && item.truncated && of.too_long && of.count > LIMIT);
      assert.deepEqual(
        item.pieces.map(({ id }) => id),
        item.tokens,
      );
      assert.deepEqual(
        of.pieces.map(({ id }) => id),
        of.tokens,
      );
      const [all, left] = [of.pieces, item.pieces];
      const promptCount = all.filter((piece) => piece.prompt).length;
      const kept =
        truncate === 'end'
          ? [...all.slice(0, LIMIT - 1), ...all.slice(-1)]
          : [...all.slice(0, promptCount), ...all.slice(promptCount - LIMIT)];
      assert.ok(promptCount > 3 && promptCount < LIMIT);
      assert.deepEqual(left, kept);
      assert.equal(item.prompt, prompt);
      assert.deepEqual(data[0], whole.data[0]);
    });
  }

  it('has the limit of tokens a request', async () => {
    const response = await service.post('/v1/tokenize', { input: Array(201).fill('a') });
    assert.equal((await errorOf(response)).code, 'too_many_tokens');
  });
});
