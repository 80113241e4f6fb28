import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { createCohere } from '@ai-sdk/cohere';
import { CohereRerank } from '@langchain/cohere';
import { Document } from '@langchain/core/documents';
import { CohereRerank as LlamaIndexRerank } from '@llamaindex/cohere';
import { TextNode } from '@llamaindex/core/schema';
import { rerank } from 'ai';
import { CohereClient, CohereClientV2 } from 'cohere-ai';

// Ranks the documents of the task on standard input with each client, and writes what it saw (rerank-report.ts).

const { serviceUrl, query, documents } = JSON.parse(await text(process.stdin));
const cohere = { token: 'unused', environment: serviceUrl, maxRetries: 0 };
const ofCohere = ({ results }) => results.map(({ index, relevanceScore }) => [index, relevanceScore]);

/** Of each package: how its users rank. */
const clients = [
  {
    name: 'cohere-ai',
    api: 'v1',
    rank: async (model, topN) => ofCohere(await new CohereClient(cohere).rerank({ model, query, documents, topN })),
  },
  {
    name: 'cohere-ai',
    api: 'v2',
    rank: async (model, topN) => ofCohere(await new CohereClientV2(cohere).rerank({ model, query, documents, topN })),
  },
  {
    name: '@ai-sdk/cohere',
    rank: async (model, topN) => {
      const provider = createCohere({ baseURL: `${serviceUrl}/v2`, apiKey: 'unused' });
      const { ranking } = await rerank({ model: provider.reranking(model), query, documents, topN, maxRetries: 0 });
      return ranking.map(({ originalIndex, score }) => [originalIndex, score]);
    },
  },
  {
    name: '@langchain/cohere',
    rank: async (model, topN) => {
      const compressor = new CohereRerank({ model, topN, client: new CohereClient(cohere) });
      const given = documents.map((pageContent, i) => new Document({ pageContent, metadata: { i } }));
      const ranked = await compressor.compressDocuments(given, query);
      return ranked.map(({ metadata }) => [metadata.i, metadata.relevanceScore]);
    },
  },
  {
    name: '@llamaindex/cohere',
    rank: async (model, topN) => {
      const reranker = new LlamaIndexRerank({ model, topN, apiKey: 'unused', baseUrl: serviceUrl });
      const nodes = documents.map((one, i) => ({ node: new TextNode({ text: one, id_: String(i) }), score: 0 }));
      const ranked = await reranker.postprocessNodes(nodes, query);
      return ranked.map(({ node, score }) => [Number(node.id_), score]);
    },
  },
];

async function reportOf({ name, api, rank }) {
  const manifest = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return {
    client: api === undefined ? name : `${name} ${api}`,
    version: JSON.parse(await readFile(manifest, 'utf8')).version,
    all: await rank('reranker', documents.length),
    best: await rank('reranker', 2),
    unknownModel: await rank('gpt', 2).then(
      () => null,
      (error) => ({ class: error.constructor.name, status: error.statusCode ?? null }),
    ),
  };
}

const reports = [];
for (const client of clients) reports.push(await reportOf(client));
process.stdout.write(JSON.stringify(reports));
