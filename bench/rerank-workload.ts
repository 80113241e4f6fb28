import type { ModelManifest, Scoring } from '../src/model-files/manifest.ts';
import { PairReader } from '../src/tasks/reranking/pair-reader.ts';
import { loadPairTokenizer } from '../src/tokenization/pair-tokenizer.ts';
import type { Encoding } from '../src/tokenization/tokenizer.ts';
import type { Workloads } from './workloads.ts';

/** A request of the workload `rr`. */
export interface RerankRequest {
  /** As a client sends them. */
  query: string;
  documents: string[];
  /** As the engine gets them: each document with the query, in the model's template. */
  pairs: Int32Array[];
  /** How many tokens a pair with this query begins with, whatever its document. */
  prefix: number;
}

/** `rr`: one query of `q`, and documents of `p`. */
export interface RerankWorkload {
  /** Another `seed`, another query and other documents. */
  take(documents: number, seed: number): Promise<RerankRequest>;
  /** Token ids of each document with the query. */
  read(query: string, documents: readonly string[]): Promise<Int32Array[]>;
}

/** Documents of a request, where nothing else is said. */
export const DOCUMENTS = 32;
/** Documents that begin with nothing in common. */
const UNLIKE = ['a', '7', '\u3042'];
/** Apart from the seeds of other workloads: queries are not pieces of the documents. */
const QUERY_SEED = 20_000;

/** @throws {StartError} what `loadPairTokenizer` throws. */
export async function openRerankWorkload(manifest: ModelManifest, workloads: Workloads): Promise<RerankWorkload> {
  const { tokenizer, vocabularySize, namedTokens, maxTokens } = manifest;
  const { template } = manifest.scoring as Scoring;
  const options = { ...tokenizer, vocabularySize, namedTokens };
  const pairTokenizer = await loadPairTokenizer(manifest.tokenizerFile, template, options);
  const read = async (query: string, documents: readonly string[]) => {
    const request = { query: { text: query, name: 'query' }, instruction: null };
    const reader = await PairReader.open(pairTokenizer, request, { truncate: 'end', maxTokens });
    const named = documents.map((text, i) => ({ text, name: `documents[${i}]` }));
    const encodings = await reader.encode(named);
    const pairs = named.map((document, i) => reader.finish(document, encodings[i] as Encoding));
    return (await Promise.all(pairs)).map(({ ids }) => ids);
  };
  return {
    read,
    async take(count, seed) {
      const [query] = await workloads.take('q', 1, QUERY_SEED + seed);
      const documents = (await workloads.take('p', count, seed)).map(({ input }) => input);
      const text = query?.input ?? '';
      const prefix = commonPrefix(await read(text, UNLIKE));
      return { query: text, documents, pairs: await read(text, documents), prefix };
    },
  };
}

/** How many tokens all of the sequences begin with in common. */
export function commonPrefix(sequences: readonly Int32Array[]): number {
  const [first = new Int32Array(), ...others] = sequences;
  const end = first.findIndex((id, i) => others.some((other) => other[i] !== id));
  return end === -1 ? first.length : end;
}
