import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ErrorBody, errorOf } from '../http/answers.ts';
import type { RunningService } from '../support/running-service.ts';
import {
  checkRanking,
  documents,
  query,
  type Ranked,
  rankedByReference,
  startServiceThatRanks,
} from './ranked-reference.ts';

interface RawRequest {
  client: string;
  path: string;
  /** Its fields, in the order in which the client writes them. */
  body: object;
  headers?: Record<string, string>;
  /** What the client reads of the answer. */
  read: (answer: never) => Ranked[];
}

const model = 'reranker';
const count = documents.length;
const bearer = { authorization: 'Bearer unused' };

interface Result {
  index: number;
  relevance_score: number;
  document?: { text: string };
}
const ofResults = ({ results }: { results: Result[] }) =>
  results.map(({ index, relevance_score }): Ranked => [index, relevance_score]);
/** Of those that ask for the documents, and read them. */
const withDocuments = (answer: { results: Result[] }) => {
  for (const { index, document } of answer.results) assert.equal(document?.text, documents[index]);
  return ofResults(answer);
};
const ofTei = (answer: { index: number; score: number }[]) => answer.map(({ index, score }): Ranked => [index, score]);

/** What applications send that are no packages: recorded, or taken from their source where it says so. */
const requests: RawRequest[] = [
  {
    // langgenius/dify-official-plugins, models/openai_api_compatible/models/rerank/rerank.py; the address ends with /v1.
    client: "Dify's OpenAI-API-compatible",
    path: '/v1/rerank',
    body: { model, query, documents, top_n: count },
    headers: bearer,
    read: ofResults,
  },
  {
    // langgenius/dify-plugin-sdks, python/dify_plugin/interfaces/model/openai_compatible/rerank.py.
    client: "other plugins of Dify for servers with OpenAI's API",
    path: '/v1/rerank',
    body: { model, query, documents, top_n: null, return_documents: true },
    headers: bearer,
    read: withDocuments,
  },
  {
    // langgenius/dify-official-plugins, models/jina/models/rerank/rerank.py, with documents as for its newer models.
    client: "Dify's Jina",
    path: '/v1/rerank',
    body: { model, query, documents: documents.map((text) => ({ text })), top_n: null, return_documents: false },
    headers: bearer,
    read: ofResults,
  },
  {
    // langgenius/dify, api/core/model_runtime/model_providers/huggingface_tei/tei_helper.py.
    client: "Dify's Text Embedding Inference",
    path: '/rerank',
    body: { query, texts: documents, return_text: true },
    read: (answer: { index: number; score: number; text: string }[]) => {
      for (const { index, text } of answer) assert.equal(text, documents[index]);
      return ofTei(answer);
    },
  },
  {
    // Recorded: xinference-client 4.1.0, RESTfulRerankModelHandle.rerank, which Dify's Xinference plugin calls.
    client: "Xinference's client",
    path: '/v1/rerank',
    body: {
      model,
      documents,
      query,
      top_n: count,
      max_chunks_per_doc: null,
      return_documents: true,
      return_len: null,
      kwargs: '{}',
    },
    read: withDocuments,
  },
  {
    // infiniflow/ragflow, rag/llm/rerank_model.py, OpenAI_APIRerank and LocalAIRerank: it joins the path itself.
    client: "RAGFlow's OpenAI-API-Compatible and LocalAI",
    path: '/rerank',
    body: { model, query, documents, top_n: count },
    headers: bearer,
    read: ofResults,
  },
  {
    // The same file, GPUStackRerank.
    client: "RAGFlow's GPUStack",
    path: '/v1/rerank',
    body: { model, query, documents, top_n: count },
    headers: { accept: 'application/json', ...bearer },
    read: ofResults,
  },
  {
    // The same file, SILICONFLOWRerank.
    client: "RAGFlow's SiliconFlow",
    path: '/v1/rerank',
    body: {
      model,
      query,
      documents,
      top_n: count,
      return_documents: false,
      max_chunks_per_doc: 1024,
      overlap_tokens: 80,
    },
    headers: { accept: 'application/json', ...bearer },
    read: ofResults,
  },
  {
    // The same file, HuggingfaceRerank.
    client: "RAGFlow's HuggingFace",
    path: '/rerank',
    body: { query, texts: documents, raw_scores: false, truncate: true },
    read: ofTei,
  },
  {
    // open-webui/open-webui, backend/open_webui/retrieval/models/external.py and utils/headers.py.
    client: "Open WebUI's external reranker",
    path: '/v1/rerank',
    body: { model, query, documents, top_n: count },
    headers: {
      ...bearer,
      'x-openwebui-user-name': 'Some%20One',
      'x-openwebui-user-id': '1',
      'x-openwebui-user-email': 'someone@example.com',
      'x-openwebui-user-role': 'user',
    },
    read: ofResults,
  },
  {
    // weaviate/weaviate, modules/reranker-jinaai/clients/ranker.go.
    client: "Weaviate's reranker-jinaai",
    path: '/v1/rerank',
    body: { documents, query, model },
    headers: { ...bearer, 'request-source': 'unspecified:weaviate' },
    read: ofResults,
  },
  {
    // weaviate/weaviate, modules/reranker-cohere/clients/ranker.go.
    client: "Weaviate's reranker-cohere",
    path: '/v1/rerank',
    body: { documents, query, model, return_documents: false },
    headers: bearer,
    read: ofResults,
  },
  {
    // Recorded: LiteLLM 1.110.2, whose proxy sends the same, with fields of its own caller's.
    client: 'LiteLLM, provider hosted_vllm',
    path: '/rerank',
    body: {
      model,
      query,
      top_n: count,
      documents,
      return_documents: true,
      max_tokens_per_doc: 2048,
      truncate_prompt_tokens: -1,
    },
    headers: { accept: 'application/json', 'user-agent': 'litellm/1.110.2', ...bearer },
    read: withDocuments,
  },
  {
    // Recorded: LiteLLM 1.110.2.
    client: 'LiteLLM, provider cohere',
    path: '/v2/rerank',
    body: { model, query, top_n: count, documents, return_documents: true },
    headers: { accept: 'application/json', 'user-agent': 'litellm/1.110.2', ...bearer },
    read: withDocuments,
  },
];

describe('Bodies for rerankers as applications send them', () => {
  let service: RunningService;
  before(async () => {
    service = await startServiceThatRanks();
  });
  after(() => service.close());

  for (const { client, path, body, headers = {}, read } of requests) {
    it(`${client}: scores and order of the reference`, async () => {
      const response = await service.post(path, body, headers);
      assert.equal(response.status, 200, await response.clone().text());
      checkRanking(read((await response.json()) as never), rankedByReference, client);
    });
  }

  it("Weaviate's reranker-transformers, which reads scores elsewhere, gets an error and not an empty ranking", async () => {
    // weaviate/weaviate, modules/reranker-transformers/clients/ranker.go: it takes `scores` of the answer, and `error` of a failure.
    const response = await service.post('/rerank', { query, documents, property: '' });
    const { code, param } = await errorOf(response);
    assert.deepEqual([response.status, code, param], [400, 'unknown_field', 'property']);
  });

  it("RAGFlow's Xinference, which writes booleans as strings, gets an error that says so", async () => {
    // infiniflow/ragflow, rag/llm/rerank_model.py, XInferenceRerank.
    const body = { model, query, return_documents: 'true', return_len: 'true', documents };
    const response = await service.post('/v1/rerank', body);
    const { code, param, message } = (await errorOf(response)) as ErrorBody;
    assert.deepEqual([response.status, code], [400, 'invalid_input']);
    assert.match(param ?? '', /^return_(documents|len)$/);
    assert.match(message, /string.*boolean/);
  });
});
