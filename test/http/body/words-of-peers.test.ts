import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { EmbedInput, EmbedOptions } from '../../../src/tasks/embedding/embedder.ts';
import { buildStubApp, type StubApp } from '../stub-service.ts';

/** As langchain-nvidia-ai-endpoints 1.5.0 and llama-index-embeddings-nvidia 0.6.0 send. */
const nim = { input: ['x'], model: 'stub', encoding_format: 'float', input_type: 'passage', truncate: 'NONE' };
/** As voyageai 0.3.7 sends; LiteLLM 1.110.2 for `voyage/…` leaves out what is null. */
const voyage = {
  input: ['x'],
  model: 'stub',
  input_type: null,
  truncation: true,
  output_dtype: null,
  output_dimension: null,
  encoding_format: 'base64',
};

interface Refusal {
  code: string;
  param: string;
  message: string;
}

describe('/v1/embeddings, asked in the words of other services', () => {
  let service: StubApp;
  let seen: { inputs: readonly EmbedInput[]; options: EmbedOptions } | undefined;
  before(async () => {
    service = await buildStubApp({
      embed: (inputs, options) => {
        seen = { inputs, options };
        return undefined;
      },
    });
  });
  after(() => service.close());
  const post = (body: object, route = '/v1/embeddings') =>
    service.fetch(route, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  async function embedded(body: object): Promise<{ truncate: unknown; dimensions: unknown; role: unknown }> {
    const answer = await post(body);
    assert.equal(answer.status, 200, await answer.text());
    assert.ok(seen !== undefined);
    const { truncate, dimensions } = seen.options;
    return { truncate, dimensions, role: seen.inputs[0]?.role };
  }

  async function refused(body: object): Promise<Refusal> {
    seen = undefined;
    const answer = await post(body);
    assert.equal(answer.status, 400);
    assert.equal(seen, undefined);
    return ((await answer.json()) as { error: Refusal }).error;
  }

  it('takes what clients of NIM send', async () => {
    assert.deepEqual(await embedded(nim), { truncate: 'error', dimensions: null, role: 'document' });
    assert.deepEqual(await embedded({ ...nim, input_type: 'query', truncate: 'START', dimensions: 2 }), {
      truncate: 'start',
      dimensions: 2,
      role: 'query',
    });
    for (const truncate of ['END', 'end']) assert.equal((await embedded({ ...nim, truncate })).truncate, 'end');
    for (const modality of ['text', ['text'], null])
      assert.equal((await embedded({ ...nim, modality })).role, 'document');
  });

  it('takes embedding_type of NIM as output_dtype', async () => {
    const answerTo = async (fields: object) => (await post({ ...nim, ...fields })).json();
    for (const dtype of ['float', 'int8', 'uint8']) {
      const wanted = await answerTo({ output_dtype: dtype });
      assert.deepEqual(await answerTo({ embedding_type: dtype }), wanted, dtype);
      assert.deepEqual(await answerTo({ embedding_type: dtype, output_dtype: dtype }), wanted, dtype);
      assert.deepEqual(await answerTo({ embedding_type: null, output_dtype: dtype }), wanted, dtype);
    }
    assert.notDeepEqual(await answerTo({ embedding_type: 'int8' }), await answerTo({}));
    const both = await refused({ ...nim, embedding_type: 'int8', output_dtype: 'float' });
    assert.equal(both.param, 'embedding_type');
    assert.equal(both.message, 'output_dtype is float but embedding_type is int8; send only one of them.');
    const long = await refused({ ...nim, embedding_type: 'int8', normalize: false });
    assert.match(long.message, /^embedding_type int8 requires vectors of length 1/);
  });

  it('takes what clients of Voyage send', async () => {
    assert.deepEqual(await embedded(voyage), { truncate: 'end', dimensions: null, role: null });
    const other = { ...voyage, truncation: false, output_dimension: 2, input_type: 'document' };
    assert.deepEqual(await embedded(other), { truncate: 'error', dimensions: 2, role: 'document' });
    const usage = ((await (await post(voyage)).json()) as { usage: object }).usage;
    assert.deepEqual(usage, { prompt_tokens: 1, total_tokens: 1 });
  });

  it('takes two words for one thing that agree', async () => {
    const both = { ...voyage, truncate: 'start', dimensions: 2, output_dimension: 2 };
    assert.deepEqual(await embedded(both), { truncate: 'start', dimensions: 2, role: null });
    assert.equal((await embedded({ ...voyage, truncation: false, truncate: 'NONE' })).truncate, 'error');
  });

  it('refuses two that contradict each other, and says which', async () => {
    const sizes = await refused({ ...voyage, dimensions: 4, output_dimension: 2 });
    assert.equal(sizes.param, 'output_dimension');
    assert.equal(sizes.message, 'dimensions is 4 but output_dimension is 2; send only one of them.');
    for (const [truncate, truncation] of [
      ['end', false],
      ['START', false],
      ['error', true],
      ['NONE', true],
    ]) {
      const { param, message } = await refused({ ...voyage, truncate, truncation });
      assert.equal(param, 'truncation');
      assert.match(message, new RegExp(`truncate is ${truncate} but truncation is ${truncation}`));
    }
  });

  it('names the field that was sent, where its value cannot be', async () => {
    for (const [fields, param] of [
      [{ output_dimension: 0 }, 'output_dimension'],
      [{ output_dimension: '64' }, 'output_dimension'],
      [{ truncation: 'END' }, 'truncation'],
      [{ embedding_type: 'base64' }, 'embedding_type'],
      [{ truncate: 'Start' }, 'truncate'],
      [{ modality: 'image' }, 'modality'],
      [{ modality: ['text', 'image'] }, 'modality'],
    ] as [object, string][]) {
      assert.match((await refused({ input: 'x', ...fields })).param, new RegExp(`^${param}`), JSON.stringify(fields));
    }
    // The starter's own check of sizes is behind the stub; this one is before it.
    const bits = await refused({ input: 'x', output_dimension: 2, output_dtype: 'binary' });
    assert.equal(bits.param, 'output_dimension');
    assert.match(bits.message, /Send a different "output_dimension"/);
  });

  it('chooses the prompt by -passage behind the model name', async () => {
    assert.equal((await embedded({ input: 'x', model: 'stub-passage' })).role, 'document');
    assert.equal((await embedded({ input: 'x', model: 'stub-passage', input_type: 'passage' })).role, 'document');
    assert.match(
      (await refused({ input: 'x', model: 'stub-passage', input_type: 'query' })).message,
      /asks for document/,
    );
  });

  it('takes NIM’s words on the routes beside it', async () => {
    const similarity = { queries: 'x', documents: 'y', truncate: 'END' };
    assert.equal((await post(similarity, '/v1/similarity')).status, 200);
    assert.equal(seen?.options.truncate, 'end');
    assert.equal((await post({ input: 'x', truncate: 'NONE' }, '/v1/tokenize')).status, 200);
  });
});
