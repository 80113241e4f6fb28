import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { type EmbeddingsAnswer, embed, goldenTexts, type SimilarityAnswer, succeed } from '../../answers.ts';
import { publishedApi } from '../published-api.ts';

const LIMIT = 40;
const published = publishedApi('tei');
const [first, second] = goldenTexts.filter(({ ids }) => ids.length <= 12) as [GoldenText, GoldenText];
type GoldenText = (typeof goldenTexts)[number];
const long = 'word '.repeat(200);

describe('The dialect of text-embeddings-inference', () => {
  let service: RunningService;
  let cutting: RunningService;
  let refusing: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT, maxInputs: 4, aliases: ['alias'] });
    cutting = await startService({ maxInputTokens: LIMIT, truncate: 'start' });
    refusing = await startService({ maxInputTokens: LIMIT, truncate: 'error' });
  });
  after(() => Promise.all([service.close(), cutting.close(), refusing.close()]));

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
      for (const path of ['/embed', '/', '/invocations']) {
        assert.deepEqual((await vectors({ inputs: input }, service, path)).answer, wanted);
      }
    }
  });

  it('takes texts and token ids in one list, whichever comes first', async () => {
    const [one, two] = await ours({ input: [first.text, second.text] });
    for (const [inputs, wanted] of [
      [
        [first.text, second.ids],
        [one, two],
      ],
      [
        [first.ids, second.text, first.text],
        [one, two, one],
      ],
    ]) {
      assert.deepEqual((await vectors({ inputs })).answer, wanted);
    }
    for (const [inputs, status, message] of [
      [[first.text, []], 400, /^inputs\[1\] is empty/],
      [[first.ids, ''], 400, /^inputs\[1\] is empty/],
      [[first.text, 7], 422, /^inputs\[1\] is a number and inputs\[0\] is a string/],
      [[7, first.text], 422, /^inputs\[1\] is a string and inputs\[0\] is a number/],
      [[first.text, [7, 'x']], 422, /^inputs\[1\]\[1\] is not a token id/],
      [[first.text, { text: 'x' }], 422, /^inputs\[1\] is an object/],
      [[first.text, null], 422, /^inputs\[1\] is null/],
      [[first.text, [1e9]], 422, /^Token id 1000000000 in inputs\[1\]/],
    ] as [unknown[], number, RegExp][]) {
      const [found, , why] = await refused('/embed', { inputs });
      assert.equal(found, status, JSON.stringify(inputs));
      assert.match(why as string, message);
    }
    const prompted = await refused('/embed', { inputs: [first.text, second.ids], prompt_name: 'query' });
    assert.match(prompted[2] as string, /^inputs\[1\] is token ids, but a prompt can only be added to a text/);
  });

  it('ignores fields that it does not have, whatever is in them', async () => {
    const more = {
      options: { wait_for_model: true, use_cache: false },
      parameters: { a: [[[1]]] },
      model: 'x',
      top_k: 1,
    };
    const wanted = await ours({ input: first.text });
    assert.deepEqual((await vectors({ inputs: first.text, ...more })).answer, wanted);
    const large = { inputs: [first.text, 'x'.repeat(300_000)], more: Array(9000).fill({ a: 1 }), truncate: true };
    assert.deepEqual((await vectors(large)).answer[0], wanted[0]);
    for (const [path, body] of [
      ['/tokenize', { inputs: 'x' }],
      ['/decode', { ids: [1] }],
    ] as const) {
      const bare = await succeed(service, path, body);
      assert.deepEqual((await succeed(service, path, { ...body, ...more })).answer, bare.answer);
    }
  });

  it('gives any number of dimensions up to all, also where the model names others as valid', async () => {
    const [whole] = (await vectors({ inputs: first.text, normalize: false })).answer as [number[]];
    for (const dimensions of [1, 2, 31, 32, 255, 256]) {
      const [raw] = (await vectors({ inputs: first.text, dimensions, normalize: false })).answer as [number[]];
      assert.deepEqual(raw, whole.slice(0, dimensions));
      const [unit] = (await vectors({ inputs: first.text, dimensions })).answer as [number[]];
      assert.ok(Math.abs(Math.hypot(...unit) - 1) < 1e-6);
      const scale = Math.hypot(...whole.slice(0, dimensions));
      assert.ok(unit.every((x, i) => Math.abs(x - (whole[i] as number) / scale) < 1e-6));
    }
    for (const dimensions of [0, -1, 257, 1.5]) {
      const [status, type] = await refused('/embed', { inputs: first.text, dimensions });
      assert.deepEqual([dimensions, status, type], [dimensions, 422, 'Validation']);
    }
    assert.equal((await service.post('/v1/embeddings', { input: first.text, dimensions: 31 })).status, 400);
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

  it('refuses what is too long with 422 where a cut is forbidden, and else cuts it, on the side asked for', async () => {
    const [status, type, message] = await refused('/embed', { inputs: [first.text, long], truncate: false });
    assert.deepEqual([status, type], [422, 'Validation']);
    assert.match(message as string, /^inputs\[1\] has 202 tokens; the limit is 40 tokens/);
    const text = Array.from({ length: 80 }, (_, i) => `word${i}`).join(' ');
    const end = await ours({ input: text, truncate: 'end' });
    const start = await ours({ input: text, truncate: 'start' });
    assert.notDeepEqual(end, start);
    for (const [choices, wanted] of [
      [{}, end],
      [{ truncation_direction: 'Right' }, end],
      [{ truncation_direction: 'Left' }, start],
      [{ truncate: true }, end],
      [{ truncate: true, truncation_direction: 'Right' }, end],
      [{ truncate: true, truncation_direction: 'Left' }, start],
    ] as const) {
      const { answer, headers } = await vectors({ inputs: text, ...choices });
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
    assert.equal((await cutting.post('/embed', { inputs: text, truncate: false })).status, 422);
    const refusal = await refusing.post('/embed', { inputs: text });
    assert.deepEqual(
      [refusal.status, ((await refusal.json()) as { error_type: string }).error_type],
      [422, 'Validation'],
    );
    const cut = await vectors({ inputs: text, truncate: true }, refusing);
    assert.deepEqual(cut.answer, await ours({ input: text, truncate: 'end' }));
    // Everywhere else nothing is cut unless somebody says so.
    assert.equal((await service.post('/v1/embeddings', { input: text })).status, 400);
  });

  it('names what is wrong with inputs', async () => {
    const rows: [object, number, string, RegExp][] = [
      [{ inputs: [] }, 400, 'Empty', /^inputs is empty/],
      [{ inputs: ['a', ''] }, 400, 'Empty', /^inputs\[1\] is empty/],
      [{ inputs: Array(5).fill('a') }, 422, 'Validation', /^Cannot embed 5 inputs: the limit is 4/],
      [{ inputs: [100_277] }, 422, 'Tokenizer', /^Token id 100277 in inputs/],
      [{ inputs: ['a', '\ud800'] }, 422, 'Validation', /^inputs\[1\] is not valid Unicode/],
      [{ inputs: 'a', dimensions: 257 }, 422, 'Validation', /^dimensions is 257; this model supports 1 to 256/],
      [{ inputs: 'a', truncation_direction: 'up' }, 422, 'Validation', /^truncation_direction is a string; it must be/],
      [{}, 422, 'Validation', /^inputs is missing/],
    ];
    for (const [body, status, type, message] of rows) {
      const [foundStatus, foundType, found] = await refused('/embed', body);
      assert.deepEqual([foundStatus, foundType], [status, type]);
      assert.match(found as string, message);
    }
  });

  it('reads token ids of a large body as those of a small one', async () => {
    const ids = Array.from({ length: 70_000 }, (_, i) => 1 + (i % 900)).concat(first.ids.at(-1) as number);
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
    assert.equal(headers.get('x-compute-type'), 'cpu');
    for (const name of ['compute', 'total', 'tokenization', 'queue', 'inference']) {
      assert.match(headers.get(`x-${name}-time`) ?? '', /^\d+$/, name);
    }
    const counts = async (path: string, body: object) => {
      const { headers: found } = await succeed(service, path, body);
      return [found.get('x-compute-characters'), found.get('x-compute-tokens')].map(Number);
    };
    const tokens = first.ids.length;
    assert.deepEqual(await counts('/embed', { inputs: [first.text, first.ids] }), [
      Array.from(first.text).length + tokens,
      2 * tokens,
    ]);
    const [characters, computed] = await counts('/embed', { inputs: '🙂é中', prompt_name: 'query' });
    assert.deepEqual([characters, (computed as number) > 10], [3, true]);
    const similar = { source_sentence: first.text, sentences: [first.text] };
    assert.deepEqual(await counts('/similarity', { inputs: similar }), [2 * Array.from(first.text).length, 2 * tokens]);
    assert.match(service.log(), /"route":"\/embed","model":"starter","status":200,.*"inputs":2,"tokens":\d+/);
  });

  describe('/vertex', () => {
    const predict = async (instances: object[]) =>
      (await succeed<{ predictions: number[][][] }>(service, '/vertex', { instances })).answer.predictions;

    it('answers each instance as /embed would, whatever the others ask', async () => {
      const instances = [
        { inputs: first.text },
        { inputs: [second.text, first.ids], normalize: false, dimensions: 7, options: { wait: true } },
        { inputs: long, truncation_direction: 'Left', prompt_name: null },
        { inputs: first.text, prompt_name: 'query', dimensions: null },
      ];
      const wanted: number[][][] = [];
      for (const one of instances) wanted.push((await succeed<number[][]>(service, '/embed', one)).answer);
      // Four inputs are the most that this server takes.
      assert.deepEqual(await predict(instances.slice(0, 2)), wanted.slice(0, 2));
      assert.deepEqual(await predict(instances.slice(2)), wanted.slice(2));
      assert.deepEqual(await predict([instances[3], instances[0], instances[3]] as object[]), [
        wanted[3],
        wanted[0],
        wanted[3],
      ]);
      const { headers } = await succeed(service, '/vertex', { instances: instances.slice(2), parameters: { a: 1 } });
      assert.deepEqual([headers.get('x-truncated-inputs'), headers.get('x-compute-type')], ['1', 'cpu']);
      assert.match(service.log(), /"route":"\/vertex","model":"starter","status":200,.*"inputs":3,/);
    });

    it('refuses the whole request for what is wrong with one', async () => {
      for (const [body, status, message] of [
        [{ instances: [] }, 422, /^instances is an empty array/],
        [{}, 422, /^instances is missing/],
        [{ instances: [{ inputs: 'a' }, {}] }, 422, /^instances\[1\]\.inputs is missing\.$/],
        [{ instances: [{ inputs: 'a' }, { inputs: null }] }, 422, /^instances\[1\]\.inputs is null; expected a string/],
        [
          { instances: [{ inputs: 5 }] },
          422,
          /^instances\[0\]\.inputs is a number; expected a string, an array of strings, or token ids/,
        ],
        [{ instances: [{ inputs: ['a', true] }] }, 422, /^instances\[0\]\.inputs\[1\] is a boolean and/],
        [
          { instances: [{ inputs: 'a' }, { inputs: ['a', 'b', 'c', 'd', 'e'] }] },
          422,
          /^Cannot embed 5 inputs: the limit is 4/,
        ],
        [{ instances: [{ inputs: 'a', dimensions: 0 }] }, 422, /^instances\[0\]\.dimensions is 0; it must be >= 1/],
        [
          { instances: [{ inputs: 'a' }, { inputs: 'b', truncation_direction: 'up' }] },
          422,
          /^instances\[1\]\.truncation_direction is a string; it must be one of Left, Right/,
        ],
        [{ instances: ['a'] }, 422, /^instances\[0\] is a string; expected an object/],
        [
          { instances: [{ inputs: ['a', 'b', 'c'] }, { inputs: ['d', 'e'] }] },
          422,
          /^Cannot embed 5 inputs: the limit is 4/,
        ],
        [
          { instances: [{ inputs: 'a' }, { inputs: ['a', '\ud800'] }] },
          422,
          /^instances\[1\]\.inputs\[1\] is not valid Unicode/,
        ],
        [{ instances: [{ inputs: 'a', dimensions: 999 }] }, 422, /^dimensions is 999/],
        [
          { instances: [{ inputs: 'a' }, { inputs: long, truncate: false }] },
          422,
          /^instances\[1\]\.inputs has 202 tokens/,
        ],
        [{ instances: [{ query: 'a', texts: ['b'] }] }, 422, /^instances\[0\]\.inputs is missing/],
      ] as [object, number, RegExp][]) {
        const [found, type, why] = await refused('/vertex', body);
        assert.deepEqual([found, type], [status, 'Validation'], why as string);
        assert.match(why as string, message);
      }
      for (const [inputs, name] of [
        ['', 'instances[1].inputs'],
        [[], 'instances[1].inputs'],
        [['a', ''], 'instances[1].inputs[1]'],
        [[[]], 'instances[1].inputs[0]'],
      ] as const) {
        assert.deepEqual(await refused('/vertex', { instances: [{ inputs: 'a' }, { inputs }] }), [
          400,
          'Empty',
          `${name} is empty; there is nothing to embed.`,
        ]);
      }
    });
  });

  describe('/similarity', () => {
    const sentences = [first.text, second.text, 'a value of another type'];
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
      const whole = { inputs: body.inputs, parameters: { truncate: false } };
      assert.equal((await refused('/similarity', whole))[0], 422);
    });

    it('ignores fields that it does not have, wherever they are', async () => {
      const more = { options: { wait_for_model: true }, top_k: [[1]] };
      const body = {
        inputs: { source_sentence: first.text, sentences, ...more },
        parameters: { prompt_name: 'query', ...more },
        ...more,
      };
      assert.deepEqual((await succeed(service, '/similarity', body)).answer, await scores('query'));
    });

    it('names what is wrong, also deep in the body', async () => {
      const good = { source_sentence: 'a', sentences: ['b'] };
      const rows: [unknown, number, RegExp][] = [
        [{ inputs: { ...good, sentences: ['b', ''] } }, 400, /^inputs\.sentences\[1\] is empty/],
        [{ inputs: { ...good, sentences: [] } }, 400, /^inputs\.sentences is empty/],
        [{ inputs: { ...good, sentences: ['b', 7] } }, 422, /^inputs\.sentences\[1\] is a number/],
        [{ inputs: { ...good, sentences: Array(4).fill('b') } }, 422, /^Cannot embed/],
        [{ inputs: { ...good, source_sentence: '\udc00' } }, 422, /^inputs\.source_sentence is not valid Unicode/],
        [{ inputs: { sentences: ['b'] } }, 422, /^inputs\.source_sentence is missing/],
        [{ inputs: 'a' }, 422, /^inputs is a string; expected an object/],
        [{ inputs: good, parameters: { truncate: 'yes' } }, 422, /^parameters\.truncate is a string/],
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
        const bytes = Buffer.from(text);
        let end = 0;
        for (const { text: part, start, stop, special } of found?.slice(0, -1) ?? []) {
          assert.equal(special, false);
          if (text !== text.normalize('NFC')) continue;
          assert.equal(part, bytes.subarray(start as number, stop as number).toString());
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
        ['/tokenize', { inputs: Array(5).fill('a') }, 422, 'Validation'],
        ['/tokenize', { inputs: 'a', prompt_name: 'other' }, 422, 'Validation'],
        ['/tokenize', { inputs: [1, 2] }, 422, 'Validation'],
        ['/decode', { ids: [] }, 400, 'Empty'],
        ['/decode', { ids: [1e6] }, 422, 'Tokenizer'],
        ['/decode', { ids: ['a'] }, 422, 'Validation'],
        ['/decode', { ids: Array(1_000_001).fill(1) }, 422, 'Validation'],
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
      auto_truncate: true,
      max_batch_requests: null,
      sha: null,
      docker_label: null,
    });
    for (const [other, cuts] of [
      [cutting, true],
      [refusing, false],
    ] as const) {
      const info = (await (await fetch(`${other.url}/info`)).json()) as Record<string, unknown>;
      assert.equal(info.auto_truncate, cuts);
    }
    assert.deepEqual(Object.keys(answer).sort(), published.fieldsOf('Info').sort());
  });

  it('/ping and / answer probes with 200, and reveal nothing', async () => {
    for (const path of ['/ping', '/']) {
      for (const method of ['GET', 'HEAD'])
        assert.equal((await fetch(service.url + path, { method })).status, 200, path);
    }
  });

  it('says 424 on routes for models of other kinds, in its own form, before a body is read', async () => {
    for (const [path, body] of [
      ['/predict', { inputs: 'x' }],
      ['/embed_sparse', { inputs: 'x' }],
      ['/predict', '{ is no JSON'],
    ] as [string, object][]) {
      const [status, type, message] = await refused(path, body);
      assert.deepEqual([status, type], [424, 'Backend']);
      assert.match(message as string, new RegExp(`^No model of this server does that: ${path} requires a`));
    }
    const { status } = await fetch(`${service.url}/predict`);
    assert.equal(status, 405);
    const [code, type, message] = await refused('/rerank', { query: 'x', texts: ['y'] });
    assert.deepEqual([code, type], [424, 'Backend']);
    assert.match(message as string, /starter embeds texts/);
  });
});
