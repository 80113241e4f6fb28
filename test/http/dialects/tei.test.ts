import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../../support/running-service.ts';
import { type EmbeddingsAnswer, embed, goldenTexts, type SimilarityAnswer, succeed } from '../answers.ts';
import { publishedApi } from './published-api.ts';

const LIMIT = 40;
const published = publishedApi('tei');
const [first, second] = goldenTexts.filter(({ ids }) => ids.length <= 12) as [GoldenText, GoldenText];
type GoldenText = (typeof goldenTexts)[number];
const long = 'word '.repeat(200);

describe('The dialect of text-embeddings-inference', () => {
  let service: RunningService;
  let cutting: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT, maxInputs: 4, aliases: ['alias'] });
    cutting = await startService({ maxInputTokens: LIMIT, truncate: 'start' });
  });
  after(() => Promise.all([service.close(), cutting.close()]));

  const vectors = async (body: object, at = service, path = '/embed') => {
    assert.equal(published.check('EmbedRequest', body), null, JSON.stringify(body));
    const { answer, headers } = await succeed<number[][]>(at, path, body);
    assert.equal(published.check('EmbedResponse', answer), null);
    return { answer, headers };
  };
  /** The vectors of /v1/embeddings as numbers, for a comparison to the bit. */
  const ours = async (body: object) => (await embed(service, body)).data.map(({ embedding }) => embedding);
  const refused = async (path: string, body: object) => {
    const response = await service.post(path, body);
    const answer = (await response.json()) as { error: string; error_type: string };
    assert.equal(published.check('ErrorResponse', answer), null);
    return [response.status, answer.error_type, answer.error];
  };

  it('answers the vectors of /v1/embeddings for a text, texts, token ids and lists of them, to the bit', async () => {
    const inputs = [first.text, [first.text, second.text], first.ids, [first.ids, second.ids]];
    for (const input of inputs) {
      const wanted = await ours({ input });
      assert.deepEqual((await vectors({ inputs: input })).answer, wanted);
      assert.deepEqual((await vectors({ inputs: input }, service, '/')).answer, wanted);
    }
  });

  it('takes every field that text-embeddings-inference has', async () => {
    const all = {
      normalize: true,
      truncate: false,
      truncation_direction: 'Right',
      prompt_name: 'query',
      dimensions: 32,
    };
    assert.deepEqual(Object.keys({ inputs: '', ...all }).sort(), published.fieldsOf('EmbedRequest').sort());
    const { answer } = await vectors({ inputs: first.text, ...all });
    assert.deepEqual(answer, await ours({ input: first.text, input_type: 'query', dimensions: 32 }));
    const absent = Object.fromEntries(Object.keys(all).map((field) => [field, null]));
    const bare = await succeed<number[][]>(service, '/embed', { inputs: first.text, ...absent });
    assert.deepEqual(bare.answer, await ours({ input: first.text }));
  });

  it('normalizes unless told otherwise', async () => {
    const raw = await ours({ input: first.text, normalize: false });
    assert.deepEqual((await vectors({ inputs: first.text, normalize: false })).answer, raw);
    assert.notDeepEqual((await vectors({ inputs: first.text })).answer, raw);
  });

  it('puts the prompt of that name before texts, and knows no other', async () => {
    const { answer } = await vectors({ inputs: [first.text, second.text], prompt_name: 'query' });
    assert.deepEqual(answer, await ours({ input: [first.text, second.text], input_type: 'query' }));
    for (const prompt_name of ['passage', 'constructor', '']) {
      const [status, type, message] = await refused('/embed', { inputs: first.text, prompt_name });
      assert.deepEqual([status, type], [422, 'Validation']);
      assert.match(message as string, /it has query, document\.$/);
    }
    assert.equal((await refused('/embed', { inputs: first.ids, prompt_name: 'query' }))[0], 422);
  });

  it('refuses what is too long with 413, and cuts it where asked for, on the side asked for', async () => {
    const [status, type, message] = await refused('/embed', { inputs: [first.text, long] });
    assert.deepEqual([status, type], [413, 'Validation']);
    assert.match(message as string, /^inputs\[1\] has 202 tokens; the limit is 40 tokens/);
    assert.equal((await refused('/embed', { inputs: long, truncate: false }))[0], 413);
    const text = Array.from({ length: 80 }, (_, i) => `word${i}`).join(' ');
    const end = await ours({ input: text, truncate: 'end' });
    const start = await ours({ input: text, truncate: 'start' });
    assert.notDeepEqual(end, start);
    for (const [choices, wanted] of [
      [{}, end],
      [{ truncation_direction: 'Right' }, end],
      [{ truncation_direction: 'Left' }, start],
    ] as const) {
      const { answer, headers } = await vectors({ inputs: text, truncate: true, ...choices });
      assert.deepEqual(answer, wanted);
      assert.equal(headers.get('x-truncated-inputs'), '1');
    }
    // As Hugging Face's Python client writes it.
    const left = { inputs: text, truncate: true, truncation_direction: 'left' };
    assert.deepEqual((await succeed(service, '/embed', left)).answer, start);
  });

  it('cuts as the setting TRUNCATE says where a request does not', async () => {
    const text = Array.from({ length: 80 }, (_, i) => `word${i}`).join(' ');
    const start = await ours({ input: text, truncate: 'start' });
    assert.deepEqual((await vectors({ inputs: text }, cutting)).answer, start);
    const right = await vectors({ inputs: text, truncation_direction: 'Right' }, cutting);
    assert.deepEqual(right.answer, await ours({ input: text, truncate: 'end' }));
    assert.equal((await cutting.post('/embed', { inputs: text, truncate: false })).status, 413);
  });

  it('names what is wrong with inputs', async () => {
    const rows: [object, number, string, RegExp][] = [
      [{ inputs: [] }, 400, 'Empty', /^inputs is empty/],
      [{ inputs: ['a', ''] }, 400, 'Empty', /^inputs\[1\] is empty/],
      [{ inputs: Array(5).fill('a') }, 413, 'Validation', /^Cannot embed 5 inputs: the limit is 4/],
      [{ inputs: [100_277] }, 422, 'Tokenizer', /^Token id 100277 in inputs/],
      [{ inputs: ['a', '\ud800'] }, 422, 'Validation', /^inputs\[1\] is not valid Unicode/],
      [{ inputs: 'a', dimensions: 31 }, 422, 'Validation', /^dimensions is 31/],
      [{ inputs: 'a', truncation_direction: 'up' }, 422, 'Validation', /^truncation_direction is a text; it must be/],
      [{}, 422, 'Validation', /^inputs is missing/],
    ];
    for (const [body, status, type, message] of rows) {
      const [foundStatus, foundType, found] = await refused('/embed', body);
      assert.deepEqual([foundStatus, foundType], [status, type]);
      assert.match(found as string, message);
    }
  });

  it('reads token ids of a large body as those of a small one', async () => {
    const ids = Array.from({ length: 70_000 }, (_, i) => 1 + (i % 900));
    const body = { inputs: ids, truncate: true };
    assert.ok(JSON.stringify(body).length > 2 ** 18);
    // The last one stays: it is what the model reads.
    const kept = [...ids.slice(0, LIMIT - 1), ids.at(-1)];
    assert.deepEqual((await vectors(body)).answer, (await vectors({ inputs: kept })).answer);
    assert.deepEqual((await vectors({ inputs: [ids], truncate: true })).answer, (await vectors(body)).answer);
  });

  it('bears the headers of every answer with vectors', async () => {
    const { headers } = await vectors({ inputs: first.text });
    const { headers: wanted } = await succeed<EmbeddingsAnswer>(service, '/v1/embeddings', { input: first.text });
    assert.equal(headers.get('x-embedding-fingerprint'), wanted.get('x-embedding-fingerprint'));
    assert.match(headers.get('server-timing') ?? '', /^tokenize;dur=/);
    assert.match(service.log(), /"route":"\/embed","status":200,.*"inputs":2,"tokens":\d+/);
  });

  describe('/similarity', () => {
    const sentences = [first.text, second.text, 'something else'];
    const compare = async (parameters?: object) => {
      const body = { inputs: { source_sentence: first.text, sentences }, ...(parameters ? { parameters } : {}) };
      const answer = (await succeed<number[]>(service, '/similarity', body)).answer;
      assert.equal(published.check('SimilarityResponse', answer), null);
      return answer;
    };
    const scores = async (role: string) => {
      const roles = { query_input_type: role, document_input_type: role };
      const body = { queries: first.text, documents: sentences, ...roles };
      return (await succeed<SimilarityAnswer>(service, '/v1/similarity', body)).answer.scores[0];
    };

    it('gives the scores of /v1/similarity, with the prompt asked for', async () => {
      const bare = await compare();
      assert.deepEqual(bare, await scores('document'));
      assert.ok(Math.abs((bare[0] as number) - 1) < 1e-6);
      assert.deepEqual(await compare({ prompt_name: 'query' }), await scores('query'));
      assert.deepEqual(await compare({ prompt_name: null, truncate: null, truncation_direction: null }), bare);
    });

    it('takes every field that text-embeddings-inference has', async () => {
      const parameters = { prompt_name: 'document', truncate: true, truncation_direction: 'Left' };
      const body = { inputs: { source_sentence: 'a', sentences: [long] }, parameters };
      assert.deepEqual(Object.keys(parameters).sort(), published.fieldsOf('SimilarityParameters').sort());
      assert.deepEqual(Object.keys(body).sort(), published.fieldsOf('SimilarityRequest').sort());
      assert.deepEqual(Object.keys(body.inputs).sort(), published.fieldsOf('SimilarityInput').sort());
      const { headers } = await succeed<number[]>(service, '/similarity', body);
      assert.equal(headers.get('x-truncated-inputs'), '1');
      assert.equal((await refused('/similarity', { inputs: body.inputs }))[0], 413);
    });

    it('names what is wrong, also deep in the body', async () => {
      const good = { source_sentence: 'a', sentences: ['b'] };
      const rows: [unknown, number, RegExp][] = [
        [{ inputs: { ...good, sentences: ['b', ''] } }, 400, /^inputs\.sentences\[1\] is empty/],
        [{ inputs: { ...good, sentences: [] } }, 400, /^inputs\.sentences is empty/],
        [{ inputs: { ...good, sentences: ['b', 7] } }, 422, /^inputs\.sentences\[1\] is a number/],
        [{ inputs: { ...good, sentences: Array(4).fill('b') } }, 413, /^Cannot embed/],
        [{ inputs: { ...good, source_sentence: '\udc00' } }, 422, /^inputs\.source_sentence is not valid Unicode/],
        [{ inputs: { sentences: ['b'] } }, 422, /^inputs\.source_sentence is missing/],
        [{ inputs: { ...good, more: 1 } }, 422, /^There is no field inputs\.more/],
        [{ inputs: 'a' }, 422, /^inputs is a text; it must be object/],
        [{ inputs: good, parameters: { truncate: 'yes' } }, 422, /^parameters\.truncate is a text/],
        [{ inputs: good, parameters: { top_k: 1 } }, 422, /^There is no field parameters\.top_k/],
      ];
      for (const [body, status, message] of rows) {
        const [foundStatus, , found] = await refused('/similarity', body as object);
        assert.equal(foundStatus, status, found as string);
        assert.match(found as string, message);
      }
    });
  });

  describe('/tokenize and /decode', () => {
    interface Token {
      id: number;
      text: string;
      special: boolean;
      start: number | null;
      stop: number | null;
    }
    const tokens = async (body: object) => {
      assert.equal(published.check('TokenizeRequest', body), null);
      const { answer } = await succeed<Token[][]>(service, '/tokenize', body);
      assert.equal(published.check('TokenizeResponse', answer), null);
      return answer;
    };
    const decoded = async (body: object) => {
      assert.equal(published.check('DecodeRequest', body), null);
      const { answer } = await succeed<string[]>(service, '/decode', body);
      assert.equal(published.check('DecodeResponse', answer), null);
      return answer;
    };

    it('give the ids of the reference tokenizer, with the part of the text that each stands for', async () => {
      for (const { text, ids } of goldenTexts.filter(({ text: one }) => one.length <= 32 * LIMIT)) {
        const [found, ...others] = await tokens({ inputs: text });
        assert.deepEqual([others.length, found?.map(({ id }) => id)], [0, ids]);
        assert.deepEqual(found?.at(-1), {
          id: ids.at(-1),
          text: '<|endoftext|>',
          special: true,
          start: null,
          stop: null,
        });
        const points = Array.from(text.normalize('NFC'));
        let end = 0;
        for (const { text: part, start, stop, special } of found?.slice(0, -1) ?? []) {
          assert.equal(special, false);
          if (text !== text.normalize('NFC')) continue;
          assert.equal(part, points.slice(start as number, stop as number).join(''));
          // Several tokens may stand for one character; none is left out.
          assert.ok((start as number) <= end && (stop as number) >= end);
          end = stop as number;
        }
      }
    });

    it('take every field that text-embeddings-inference has', async () => {
      const inputs = [first.text, long];
      const [bare, whole] = await tokens({ inputs, add_special_tokens: false });
      assert.deepEqual(
        bare?.map(({ id }) => id),
        first.ids.slice(0, -1),
      );
      assert.ok((whole?.length ?? 0) > LIMIT, 'over-long texts are not cut');
      const [prompted] = await tokens({ inputs: first.text, prompt_name: 'query' });
      assert.match(prompted?.map(({ text }) => text).join('') ?? '', /^Instruct: .*Query:/s);
      assert.deepEqual(['add_special_tokens', 'inputs', 'prompt_name'], published.fieldsOf('TokenizeRequest').sort());
      const body = { ids: first.ids, skip_special_tokens: false };
      assert.deepEqual(Object.keys(body).sort(), published.fieldsOf('DecodeRequest').sort());
      assert.deepEqual(await decoded(body), [`${first.text}<|endoftext|>`]);
    });

    it('give texts back', async () => {
      for (const { text, ids } of goldenTexts.filter(({ text: one }) => !one.includes('<|'))) {
        assert.deepEqual(await decoded({ ids }), [text.normalize('NFC')]);
      }
      assert.deepEqual(await decoded({ ids: [first.ids, second.ids] }), [first.text, second.text]);
    });

    it('name what is wrong', async () => {
      const rows: [string, object, number, string][] = [
        ['/tokenize', { inputs: '' }, 400, 'Empty'],
        ['/tokenize', { inputs: ['a', '\ud800'] }, 422, 'Validation'],
        ['/tokenize', { inputs: Array(5).fill('a') }, 413, 'Validation'],
        ['/tokenize', { inputs: 'x'.repeat(33 * LIMIT) }, 413, 'Validation'],
        ['/tokenize', { inputs: 'a', prompt_name: 'other' }, 422, 'Validation'],
        ['/tokenize', { inputs: [1, 2] }, 422, 'Validation'],
        ['/decode', { ids: [] }, 400, 'Empty'],
        ['/decode', { ids: [1e6] }, 422, 'Tokenizer'],
        ['/decode', { ids: ['a'] }, 422, 'Validation'],
        ['/decode', { ids: Array(300_001).fill(1) }, 413, 'Validation'],
      ];
      for (const [path, body, status, type] of rows) {
        const found = await refused(path, body);
        assert.deepEqual(found.slice(0, 2), [status, type], `${path}: ${found[2]}`);
      }
    });
  });

  it('/info says what is served and its limits, as text-embeddings-inference would', async () => {
    const answer = (await (await fetch(`${service.url}/info`)).json()) as Record<string, unknown>;
    assert.equal(published.check('Info', answer), null);
    const { version, max_batch_tokens, tokenization_workers, ...rest } = answer;
    assert.match(version as string, /^\d+\.\d+\.\d+/);
    assert.ok((max_batch_tokens as number) > 0 && (tokenization_workers as number) > 0);
    assert.deepEqual(rest, {
      model_id: 'starter',
      model_sha: null,
      model_dtype: 'float32',
      served_model_name: 'starter',
      model_type: { embedding: { pooling: 'last_token' } },
      max_concurrent_requests: 600_000,
      max_input_length: LIMIT,
      max_client_batch_size: 4,
      auto_truncate: false,
    });
    const other = (await (await fetch(`${cutting.url}/info`)).json()) as Record<string, unknown>;
    assert.equal(other.auto_truncate, true);
  });
});
