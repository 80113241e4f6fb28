import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { goldenTexts } from '../http/answers.ts';
import { largestDifference } from '../support/difference.ts';
import { type RunningService, startService } from '../support/running-service.ts';

const TOLERANCE = 2e-6;
const english = 'What is the capital of China?';
const chinese = '中国的首都是北京。';
const vectorOf = (one: string) => goldenTexts.find((golden) => golden.text === one)?.vector as number[];

interface RawRequest {
  client: string;
  path: string;
  body: string;
  headers: Record<string, string>;
  /** The vectors in the answer, in the order of the texts; left out: it is a list of them. */
  read?: (answer: never) => number[][];
  texts?: string[];
  /** They are not normalized. */
  isRaw?: true;
}

const json = { 'content-type': 'application/json' };
const both = JSON.stringify([english, chinese]);
const ofOllama = ({ embeddings }: { embeddings: number[][] }) => embeddings;

/** What clients of other services send: recorded, or taken from their source where it says so. */
const requests: RawRequest[] = [
  {
    // weaviate/weaviate, modules/text2vec-ollama/clients/ollama.go: no content-type.
    client: "Weaviate's text2vec-ollama",
    path: '/api/embed',
    body: `{"model":"starter","input":${both}}`,
    headers: { 'user-agent': 'Go-http-client/1.1', 'accept-encoding': 'gzip' },
    read: ofOllama,
  },
  {
    // ollama/ollama, docs/api.md.
    client: "curl, as Ollama's documentation calls it",
    path: '/api/embed',
    body: `{\n  "model": "starter",\n  "input": ${both}\n}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'curl/8.14.1', accept: '*/*' },
    read: ofOllama,
  },
  {
    // ollama/ollama v0.17.4, api.EmbedRequest: options is always there.
    client: "Ollama's Go client",
    path: '/api/embed',
    body: `{"model":"starter:latest","input":${both},"keep_alive":"5m0s","options":null}`,
    headers: { ...json, accept: 'application/json', 'user-agent': 'ollama/0.0.0 (amd64 linux) Go/go1.26.8' },
    read: ofOllama,
  },
  {
    // Recorded: langchain-ollama 1.1.0 with ollama 0.6.3.
    client: 'langchain-ollama',
    path: '/api/embed',
    body: `{"model":"starter","input":${both},"options":{"mirostat":null,"mirostat_eta":null,"mirostat_tau":null,"num_ctx":null,"num_gpu":null,"num_thread":null,"repeat_last_n":null,"repeat_penalty":null,"temperature":null,"stop":null,"tfs_z":null,"top_k":null,"top_p":null}}`,
    headers: { ...json, accept: 'application/json', 'user-agent': 'ollama-python/0.6.3 (x86_64 linux) Python/3.11.7' },
    read: ofOllama,
  },
  {
    // weaviate/weaviate, modules/text2vec-huggingface/clients/huggingface.go: one text, and options of another service.
    client: "Weaviate's text2vec-huggingface",
    path: '/',
    body: `{"inputs":[${JSON.stringify(english)}],"options":{"wait_for_model":true,"use_cache":true}}`,
    headers: { ...json, authorization: 'Bearer hf_unused', 'user-agent': 'Go-http-client/1.1' },
    texts: [english],
  },
  {
    // Recorded: huggingface_hub 2.4.0, InferenceClient.feature_extraction, which langchain-huggingface calls.
    client: 'huggingface_hub, and langchain-huggingface with it',
    path: '/',
    body: `{"inputs":${both}}`,
    headers: { ...json, 'user-agent': 'unknown/None; hf_hub/2.4.0; python/3.11.7', accept: '*/*' },
  },
  {
    // deepset-ai/haystack, hugging_face_api_document_embedder.py, with its truncate=True, normalize=False.
    client: 'haystack, HuggingFaceAPIDocumentEmbedder',
    path: '/embed',
    body: `{"inputs":${both},"truncate":true,"normalize":false}`,
    headers: { ...json, 'user-agent': 'unknown/None; hf_hub/2.4.0; python/3.11.7' },
    isRaw: true,
  },
  {
    // llama-index-embeddings-text-embeddings-inference 0.6.0, base.py.
    client: 'llama-index-embeddings-text-embeddings-inference',
    path: '/embed',
    body: `{"inputs":${both},"truncate":true}`,
    headers: { ...json, 'user-agent': 'python-httpx/0.28.1' },
  },
  {
    // Documentation of Vertex AI for the containers of text-embeddings-inference: the body that its SDK makes of instances.
    client: "Vertex AI's endpoint.predict",
    path: '/vertex',
    body: `{"instances":[{"inputs":${JSON.stringify(english)}},{"inputs":${JSON.stringify(chinese)}}],"parameters":null}`,
    headers: json,
    read: ({ predictions }: { predictions: number[][][] }) => predictions.flat(),
  },
];

describe('Bodies as clients of other services send them', () => {
  let service: RunningService;
  before(async () => {
    service = await startService();
  });
  after(() => service.close());

  /** By hand: fetch adds headers of browsers. */
  async function post({ path, body, headers }: RawRequest): Promise<{ status: number | undefined; answer: string }> {
    const sent = httpRequest(service.url + path, { method: 'POST', headers });
    const answered = new Promise<{ status: number | undefined; answer: string }>((resolve, reject) => {
      sent.once('error', reject).once('response', async (response) => {
        resolve({ status: response.statusCode, answer: await text(response) });
      });
    });
    sent.end(body);
    return answered;
  }

  for (const one of requests) {
    it(`${one.client}: vectors of the reference`, async () => {
      const { status, answer } = await post(one);
      assert.equal(status, 200, answer);
      const parsed = JSON.parse(answer);
      const vectors: number[][] = one.read === undefined ? parsed : one.read(parsed as never);
      const texts = one.texts ?? [english, chinese];
      assert.equal(vectors.length, texts.length);
      for (const [i, vector] of vectors.entries()) {
        const length = one.isRaw ? Math.hypot(...vector) : 1;
        const unit = vector.map((x) => x / length);
        assert.ok(largestDifference(unit, vectorOf(texts[i] as string)) < TOLERANCE);
      }
    });
  }
});
