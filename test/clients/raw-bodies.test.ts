import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type EmbeddingsAnswer, errorOf, goldenTexts, vectorsOf } from '../http/answers.ts';
import { largestDifference } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const TOLERANCE = 2e-6;
const english = 'What is the capital of China?';
const chinese = '中国的首都是北京。';

interface RawRequest {
  client: string;
  /** To the byte as the client sends it, with the headers that are its own. */
  body: string;
  headers: Record<string, string>;
  wanted: 'vector' | 'vector_64' | 'query_vector';
}

/**
 * What clients send that cannot be run in this suite: taken from their source or recorded, not made up. The texts are
 * the two above, in this order.
 */
const requests: RawRequest[] = [
  {
    // openai-dotnet, EmbeddingGenerationOptions.Serialization.cs: always base64. System.Text.Json escapes what is not ASCII.
    client: '.NET SDK of OpenAI',
    body: String.raw`{"input":["What is the capital of China?","\u4E2D\u56FD\u7684\u9996\u90FD\u662F\u5317\u4EAC\u3002"],"model":"starter","encoding_format":"base64","dimensions":64,"user":"O\u0027Neill"}`,
    headers: { accept: 'application/json', 'user-agent': 'OpenAI/2.2.0 (.NET 9.0.0; Ubuntu 24.04)' },
    wanted: 'vector_64',
  },
  {
    // What broke vLLM in February 2026: LiteLLM names what its caller left out (main.py, until 1.82).
    client: 'LiteLLM 1.82, provider openai',
    body: `{"input":["${english}","${chinese}"],"model":"starter","encoding_format":null}`,
    headers: { 'user-agent': 'OpenAI/Python 2.8.0', 'x-stainless-lang': 'python' },
    wanted: 'vector',
  },
  {
    client: 'LiteLLM as a proxy, with nulls that its own caller sent',
    body: `{"model":"starter","input":["${english}","${chinese}"],"user":null,"dimensions":null,"encoding_format":null,"input_type":null,"truncate":null}`,
    headers: { 'user-agent': 'OpenAI/Python 3.57.0', 'x-stainless-lang': 'python' },
    wanted: 'vector',
  },
  {
    // Recorded: LiteLLM 1.110.2.
    client: 'LiteLLM, provider hosted_vllm',
    body: String.raw`{"model": "starter", "input": ["What is the capital of China?", "\u4e2d\u56fd\u7684\u9996\u90fd\u662f\u5317\u4eac\u3002"]}`,
    headers: { accept: '*/*', 'user-agent': 'litellm/1.110.2' },
    wanted: 'vector',
  },
  {
    // Recorded: LiteLLM 1.110.2, with a further field of its caller's.
    client: 'LiteLLM, provider openai, with input_type',
    body: `{"model":"starter","input":["${english}","${chinese}"],"user":"u","encoding_format":"float","input_type":"query"}`,
    headers: { 'user-agent': 'OpenAI/Python 3.57.0', 'x-stainless-lang': 'python' },
    wanted: 'query_vector',
  },
  {
    // Recorded: langchain-openai 1.7.4 with check_embedding_ctx_length=False.
    client: 'LangChain for Python, told to send texts',
    body: `{"model":"starter","input":["${english}","${chinese}"],"encoding_format":"base64"}`,
    headers: { 'user-agent': 'OpenAI/Python 3.57.0', 'x-stainless-lang': 'python' },
    wanted: 'vector',
  },
];

describe('Bodies as clients send them', () => {
  let service: RunningService;
  before(async () => {
    service = await startService({ aliases: ['text-embedding-3-small'] });
  });
  after(() => service.close());

  for (const { client, body, headers, wanted } of requests) {
    it(`${client}: vectors of the reference`, async () => {
      const response = await service.post('/v1/embeddings', body, { authorization: 'Bearer unused', ...headers });
      assert.equal(response.status, 200, await response.clone().text());
      const answer = (await response.json()) as EmbeddingsAnswer;
      assert.deepEqual(Object.keys(answer), ['object', 'data', 'model', 'usage']);
      for (const item of answer.data) assert.deepEqual(Object.keys(item), ['object', 'index', 'embedding']);
      const references = [english, chinese].map((text) => goldenTexts.find((one) => one.text === text)?.[wanted]);
      assert.ok(references.some((reference) => reference !== undefined));
      for (const [i, reference] of references.entries()) {
        // Not every text of the reference has every vector.
        if (reference === undefined) continue;
        assert.ok(largestDifference(vectorsOf(answer)[i] as Float32Array, reference) < TOLERANCE);
      }
    });
  }

  it("LangChain for Python: token ids of OpenAI's tokenizer are a 400 that names the setting", async () => {
    // What check_embedding_ctx_length=True makes of the two texts: cl100k_base, which tiktoken takes for unknown models.
    const body = JSON.stringify({
      input: [
        [3923, 374, 279, 6864, 315, 5734, 30],
        [59795, 9554, 61075, 72368, 21043, 70090, 1811],
      ],
      model: 'text-embedding-3-small',
      encoding_format: 'base64',
    });
    const response = await service.post('/v1/embeddings', body);
    assert.equal(response.status, 400);
    const { message, code, param } = await errorOf(response);
    assert.equal(code, 'invalid_token_id');
    // Its vocabulary has them all.
    assert.equal(param, 'input[0]');
    assert.match(message, /another tokenizer.*LangChain.*check_embedding_ctx_length=False/);
  });
});
