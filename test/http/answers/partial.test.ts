import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { HotvecError } from '../../../src/errors.ts';
import { type RunningService, startService } from '../../support/running-service.ts';
import { type EmbeddingsAnswer, type ErrorBody, embed, errorOf, goldenTexts, succeed } from '../answers.ts';
import { buildStubApp } from '../stub-service.ts';

const LIMIT = 20;
const short = goldenTexts.filter(({ ids }) => ids.length <= LIMIT);
const long = goldenTexts.find(({ ids }) => ids.length > LIMIT)?.text as string;
const [one, two] = short as [(typeof short)[number], (typeof short)[number]];

interface Failed {
  object: 'error';
  index: number;
  error: ErrorBody;
}

const failures = ({ data }: EmbeddingsAnswer) =>
  (data as unknown as Failed[]).filter(({ object }) => object === 'error');

describe('on_error: partial', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ maxInputTokens: LIMIT, maxRequestTokens: 60 });
  });
  after(() => service.close());

  const send = (body: object) => succeed<EmbeddingsAnswer>(service, '/v1/embeddings', { on_error: 'partial', ...body });

  it('has the error of an input in its place, as a request of it alone would have got', async () => {
    const input = [one.text, '', long, two.text, 'half \ud83d'];
    for (const encoding_format of ['float', 'base64']) {
      const { answer, headers } = await send({ input, encoding_format });
      const wanted = await embed(service, { input: [one.text, two.text], encoding_format });
      assert.deepEqual([answer.data[0], answer.data[3]?.embedding], [wanted.data[0], wanted.data[1]?.embedding]);
      assert.deepEqual(answer.usage, wanted.usage);
      assert.equal(headers.get('x-failed-inputs'), '3');
      const failed = failures(answer);
      assert.deepEqual(
        failed.map(({ index, error }) => [index, error.code, error.param]),
        [
          [1, 'empty_input', 'input[1]'],
          [2, 'input_too_long', 'input[2]'],
          [4, 'invalid_input', 'input[4]'],
        ],
      );
      for (const { index, error } of failed) {
        const alone = await errorOf(await service.post('/v1/embeddings', { input: [input[index]] }));
        assert.deepEqual(error, {
          ...alone,
          message: alone.message.replace('[0]', `[${index}]`),
          param: `input[${index}]`,
        });
      }
    }
  });

  it('does so for token ids', async () => {
    const { answer } = await send({ input: [one.ids, [100_277], []] });
    assert.deepEqual(
      failures(answer).map(({ index, error }) => [index, error.code]),
      [
        [1, 'invalid_token_id'],
        [2, 'empty_input'],
      ],
    );
  });

  it('answers as ever where nothing fails: no new field, no header', async () => {
    const input = [one.text, two.text];
    const { answer, headers } = await send({ input });
    assert.deepEqual(answer, await embed(service, { input }));
    assert.equal(headers.get('x-failed-inputs'), null);
  });

  it('answers 200 with errors alone where every input fails', async () => {
    for (const input of ['', ['', long]]) {
      const { answer } = await send({ input });
      assert.equal(failures(answer).length, answer.data.length);
      assert.deepEqual(answer.usage, { prompt_tokens: 0, total_tokens: 0 });
    }
  });

  it('goes with output_dtype, dimensions and truncate', async () => {
    const { answer } = await send({ input: ['', long], truncate: 'end', dimensions: 32, output_dtype: 'int8' });
    assert.deepEqual(
      failures(answer).map(({ index }) => index),
      [0],
    );
    assert.equal(answer.data[1]?.truncated, true);
    assert.equal(answer.data[1]?.embedding.length, 32);
  });

  it('fails as a whole for what concerns the whole request', async () => {
    for (const [body, code] of [
      [{ input: Array(4).fill('word '.repeat(17)) }, 'too_many_tokens'],
      [{ input: [] }, 'empty_input'],
      [{ input: ['a', 1] }, 'invalid_input'],
      [{ input: ['a', ''], dimensions: 1 }, 'invalid_dimensions'],
      [{ input: ['a', ''], instruction: 'Find', input_type: 'document' }, 'invalid_input'],
      [{ input: ['a', ''], model: 'gpt' }, 'model_not_found'],
    ] as const) {
      const response = await service.post('/v1/embeddings', { on_error: 'partial', ...body });
      assert.equal((await errorOf(response)).code, code);
    }
  });

  it('is counted and logged, by reason and without the texts', async () => {
    await send({ input: ['', one.text] });
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    assert.match(metrics, /^hotvec_failed_inputs_total\{reason="empty_input",model="starter"\} [1-9]/m);
    assert.match(service.log(), /"inputs":1,"failed":1/);
  });

  it('fail, null and nothing are the same: the first error fails the request', async () => {
    for (const on_error of ['fail', null, undefined]) {
      const response = await service.post('/v1/embeddings', { input: [one.text, ''], on_error });
      assert.deepEqual([response.status, (await errorOf(response)).param], [400, 'input[1]']);
    }
  });
});

describe('on_error: partial, when the engine fails an input', () => {
  it('tells no cause to the client, and the log has it', async () => {
    const error = new HotvecError('inference_failed', 'It could not be computed.', {
      cause: new Error('node Gather_7'),
    });
    const bad = new HotvecError('non_finite_output', 'No usable vector.');
    const failures = new Map([
      [2, bad],
      [0, error],
    ]);
    const stub = await buildStubApp({ failures });
    const response = await stub.fetch('/v1/embeddings', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ input: ['a', 'b', 'c'], on_error: 'partial' }),
    });
    const text = await response.text();
    assert.equal(response.status, 200);
    assert.deepEqual(JSON.parse(text).data[0], {
      object: 'error',
      index: 0,
      error: { message: 'It could not be computed.', type: 'server_error', param: null, code: 'inference_failed' },
    });
    assert.deepEqual(
      JSON.parse(text).data.map(({ object, index }: Failed) => [object, index]),
      [
        ['error', 0],
        ['embedding', 1],
        ['error', 2],
      ],
    );
    assert.ok(!text.includes('Gather'));
    assert.match(stub.log(), /"code":"inference_failed","cause":"node Gather_7"/);
    const metrics = await (await stub.fetch('/metrics')).text();
    assert.match(metrics, /^hotvec_nonfinite_rows_total\{model="stub"\} 1$/m);
    assert.match(metrics, /^hotvec_inputs_total\{model="stub"\} 1$/m);
    await stub.close();
  });
});
