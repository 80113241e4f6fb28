import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type RunningService, startService } from '../../../support/running-service.ts';
import { embed, goldenTexts, succeed } from '../../answers.ts';

interface EmbedAnswer {
  response_type: string;
  id: string;
  embeddings: Record<string, unknown[]>;
  texts: string[];
  meta: { api_version: { version: string }; billed_units: { input_tokens: number } };
}

const LIMIT = 60;
type GoldenText = (typeof goldenTexts)[number];
const [first, second] = goldenTexts.filter(({ ids }) => ids.length <= 12) as [GoldenText, GoldenText];
const long = Array.from({ length: 80 }, (_, i) => `word${i}`).join(' ');
const texts = [first.text, second.text];

describe('The dialect of Cohere', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT, maxInputs: 4 });
  });
  after(() => service.close());

  const defaults = { model: 'starter', texts, input_type: 'search_document' };
  const call = async (body: object = {}) => {
    const { answer, headers } = await succeed<EmbedAnswer>(service, '/v2/embed', { ...defaults, ...body });
    return { ...answer, headers };
  };
  const ours = async (body: object) =>
    (await embed(service, { input: texts, ...body })).data.map(({ embedding }) => embedding);
  const refused = async (body: object): Promise<[number, string]> => {
    const response = await service.post('/v2/embed', { ...defaults, ...body });
    const answer = (await response.json()) as { id: string; message: string };
    assert.deepEqual(Object.keys(answer), ['id', 'message']);
    assert.equal(answer.id, response.headers.get('x-request-id'));
    return [response.status, answer.message];
  };

  it('answers the vectors of /v1/embeddings, to the bit, with all that Cohere has around them', async () => {
    const { headers, ...answer } = await call();
    assert.deepEqual(answer, {
      response_type: 'embeddings_by_type',
      id: headers.get('x-request-id'),
      embeddings: { float: await ours({}) },
      texts,
      meta: {
        api_version: { version: '2' },
        billed_units: { input_tokens: first.ids.length + second.ids.length },
      },
    });
    assert.ok(headers.get('x-embedding-fingerprint'));
    const { texts: repeated } = await call({ texts: ['"quoted"\n\u2028 中国 🙂'] });
    assert.deepEqual(repeated, ['"quoted"\n\u2028 中国 🙂']);
  });

  it('answers each type that was asked for, by the scales of output_dtype', async () => {
    for (const output_dtype of ['float', 'int8', 'uint8', 'binary', 'ubinary']) {
      const { embeddings } = await call({ embedding_types: [output_dtype] });
      assert.deepEqual(embeddings, { [output_dtype]: await ours({ output_dtype }) });
    }
    const base64 = await ours({ encoding_format: 'base64' });
    assert.deepEqual((await call({ embedding_types: ['base64'] })).embeddings, { base64 });
    const all = ['ubinary', 'base64', 'float', 'binary', 'int8', 'uint8'];
    const { embeddings } = await call({ embedding_types: all });
    assert.deepEqual(Object.keys(embeddings), all);
    for (const rows of Object.values(embeddings)) assert.equal(rows.length, 2);
    assert.deepEqual(embeddings.base64, base64);
    assert.deepEqual(embeddings.float, await ours({}));
  });

  it('puts the query prompt before searches and the document prompt before everything else', async () => {
    const query = await ours({ input_type: 'query' });
    const document = await ours({ input_type: 'document' });
    assert.deepEqual((await call({ input_type: 'search_query' })).embeddings.float, query);
    for (const input_type of ['search_document', 'classification', 'clustering']) {
      assert.deepEqual((await call({ input_type })).embeddings.float, document);
    }
    const named = await call({ model: 'starter-query', input_type: 'search_query' });
    assert.deepEqual(named.embeddings.float, query);
    assert.deepEqual(await refused({ model: 'starter-query' }), [
      400,
      'The model name asks for query, but input_type asks for document.',
    ]);
  });

  it('cuts the end of what is too long unless told otherwise, and says so in a header', async () => {
    const end = await ours({ input: long, truncate: 'end' });
    for (const [truncate, wanted] of [
      [undefined, end],
      [null, end],
      ['END', end],
      ['START', await ours({ input: long, truncate: 'start' })],
    ] as const) {
      const { embeddings, headers } = await call({ texts: [long], truncate });
      assert.deepEqual(embeddings.float, wanted);
      assert.equal(headers.get('x-truncated-inputs'), '1');
    }
    const [status, message] = await refused({ texts: ['x', long], truncate: 'NONE' });
    assert.equal(status, 400);
    assert.match(message, /^texts\[1\] has \d+ tokens; the limit is 60/);
  });

  it('cuts at max_tokens where that is below the limit of the model, and never the prompt', async () => {
    const short = await startService({ maxInputTokens: 45 });
    try {
      for (const [input_type, role] of [
        ['search_document', 'document'],
        ['search_query', 'query'],
      ] as const) {
        for (const side of ['end', 'start'] as const) {
          const body = { texts: [long], input_type, truncate: side.toUpperCase(), max_tokens: 45 };
          const { embeddings, headers, meta } = await call(body);
          const wanted = await embed(short, { input: long, truncate: side, input_type: role });
          assert.deepEqual(
            embeddings.float,
            wanted.data.map(({ embedding }) => embedding),
          );
          assert.deepEqual([headers.get('x-truncated-inputs'), meta.billed_units.input_tokens], ['1', 45]);
        }
      }
    } finally {
      await short.close();
    }
    const above = await call({ texts: [long], max_tokens: 1_000_000 });
    assert.equal(above.meta.billed_units.input_tokens, LIMIT);
    const [status, message] = await refused({ texts: [first.text, long], truncate: 'NONE', max_tokens: 30 });
    assert.equal(status, 400);
    assert.match(message, /the limit is 30 tokens/);
    assert.equal((await refused({ max_tokens: 7 }))[0], 400);
    const [full, why] = await refused({ texts: [long], input_type: 'search_query', max_tokens: 8 });
    assert.equal(full, 400);
    assert.match(why, /^The model's prompt alone has \d+ tokens; the limit is 8 tokens/);
  });

  it('gives as many components as output_dimension says', async () => {
    const { embeddings } = await call({ output_dimension: 32, embedding_types: ['float', 'binary'], priority: 3 });
    assert.deepEqual(embeddings.float, await ours({ dimensions: 32 }));
    assert.deepEqual(embeddings.binary, await ours({ dimensions: 32, output_dtype: 'binary' }));
    assert.deepEqual(await refused({ output_dimension: 31 }), [
      400,
      'output_dimension is 31; this model supports 32 to 256.',
    ]);
    assert.deepEqual(await refused({ output_dimension: 36, embedding_types: ['float', 'ubinary'] }), [
      400,
      'embedding_types ubinary packs eight components into a byte, but 36 is not a multiple of 8. Send a different "output_dimension".',
    ]);
  });

  it('answers version 1, where vectors without a type are a list of their own and texts may be of no type', async () => {
    const first = async (body: object) => (await succeed<EmbedAnswer>(service, '/v1/embed', body)).answer;
    const bare = await first({ model: 'starter', texts });
    const { meta, response_type, embeddings } = bare;
    assert.deepEqual([response_type, meta.api_version.version, bare.texts], ['embeddings_floats', '1', texts]);
    assert.deepEqual(embeddings, await ours({}));
    const query = await ours({ input_type: 'query' });
    assert.deepEqual((await first({ model: 'starter', texts, input_type: 'search_query' })).embeddings, query);
    assert.deepEqual((await first({ model: 'starter-query', texts })).embeddings, query);
    const typed = await first({ model: 'starter', texts, embedding_types: ['float', 'int8'] });
    assert.equal(typed.response_type, 'embeddings_by_type');
    assert.deepEqual(typed.embeddings, { float: await ours({}), int8: await ours({ output_dtype: 'int8' }) });
  });

  it('refuses images clearly, and says what else is wrong', async () => {
    const rows: [object, RegExp][] = [
      [
        { texts: null, images: ['data:image/png;base64,AAAA'] },
        /embeds texts, not images: send texts instead of images/,
      ],
      [{ texts: null, inputs: [{ content: [] }] }, /embeds texts, not images: send texts instead of inputs/],
      [{ input_type: 'image' }, /embeds texts, not images: send texts instead of images/],
      [{ input_type: 'query' }, /^input_type is a string; it must be one of search_document, search_query/],
      [{ input_type: null }, /^input_type is missing/],
      [{ model: null }, /^model is missing/],
      [{ texts: null }, /^texts is missing/],
      [{ texts: 'one' }, /^texts/],
      [{ texts: [] }, /^texts is empty/],
      [{ texts: ['a', ''] }, /^texts\[1\] is empty/],
      [{ texts: Array(5).fill('a') }, /^Cannot embed 5 inputs: the limit is 4/],
      [{ texts: ['a', '\ud800'] }, /^texts\[1\] is not valid Unicode/],
      [{ embedding_types: [] }, /^embedding_types/],
      [{ embedding_types: ['float', 'float'] }, /^embedding_types/],
      [{ embedding_types: ['half'] }, /^embedding_types/],
      [{ truncate: 'end' }, /^truncate is a string; it must be one of NONE, START, END/],
    ];
    for (const [body, wanted] of rows) {
      const [status, message] = await refused(body);
      assert.equal(status, 400, message);
      assert.match(message, wanted);
    }
    assert.equal((await refused({ model: 'embed-v4.0' }))[0], 404);
  });
});
