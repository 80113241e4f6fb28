import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUint32 } from '../scripts/random-weights.ts';
import { packageRoot } from '../src/package-info.ts';
import type { Tokenizer } from '../src/tokenization/tokenizer.ts';

export const INSTRUCTION =
  'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:';
/** The project's shared data, English and Chinese; it is not part of the repository. */
const CORPUS = path.join(packageRoot, '..', 'shared', 'data', 'corpus', 'bench-corpus.jsonl');
/** Different texts that `dup` repeats. */
const DISTINCT = 1_000;
const DISTINCT_SEED = 77;

/**
 * `q`: queries · `qi`: the same behind the instruction · `qis`: short ones behind it · `p`: passages · `mix`: log-normal lengths · `l`: about 2k tokens
 * · `dup`: queries of which the k-th most frequent comes 1/k as often as the most frequent (Zipf).
 */
export type WorkloadName = 'q' | 'qi' | 'qis' | 'p' | 'mix' | 'l' | 'dup';

export interface WorkItem {
  /** As a client sends it. */
  input: string;
  /** As the engine gets it. */
  ids: Int32Array;
}

type Random = () => number;

const query = (random: Random) => 4 + Math.floor(45 * random());
const LENGTHS: Record<WorkloadName, (random: Random) => number> = {
  q: query,
  qi: query,
  qis: (random) => 4 + Math.floor(13 * random()),
  p: (random) => clamp(logNormal(random, 170, 0.55), 16, 512),
  mix: (random) => clamp(logNormal(random, 110, 1.1), 4, 2048),
  l: (random) => 1_900 + Math.floor(149 * random()),
  dup: query,
};

/** About what a text of a workload has, for sizing a turn before its texts are drawn. */
export const MEAN_TOKENS: Record<WorkloadName, number> = {
  q: 26,
  qi: 45,
  qis: 29,
  p: 190,
  mix: 200,
  l: 1_970,
  dup: 26,
};

export interface Workloads {
  source: string;
  /** `count` items of a workload; another `seed`, other items. All different but in `dup`. */
  take(name: WorkloadName, count: number, seed: number): Promise<WorkItem[]>;
}

/** @param corpus a file of JSON lines, each with a `text`; where it is absent, this repository's documents are taken. */
export async function openWorkloads(tokenizer: Tokenizer, corpus = CORPUS): Promise<Workloads> {
  const { texts, source } = readTexts(corpus);
  const lengths = (await tokenizer.tokenize(texts)).map(({ ids }) => ids.length);
  const byLength = texts.map((text, i) => ({ text, tokens: lengths[i] as number })).sort((a, b) => a.tokens - b.tokens);
  const draw = (name: WorkloadName, count: number, random: Random): string[] =>
    Array.from({ length: count }, () => cutOut(byLength, LENGTHS[name](random), random));
  // The same ones whatever the seed: what is popular stays so.
  const distinct = draw('dup', DISTINCT, fraction(DISTINCT_SEED));
  const popular = (count: number, random: Random) =>
    zipfRanks(count, DISTINCT, random).map((rank) => distinct[rank] as string);
  return {
    source,
    async take(name, count, seed) {
      const random = fraction(seed);
      let inputs = name === 'dup' ? popular(count, random) : draw(name, count, random);
      if (name === 'qi' || name === 'qis') inputs = inputs.map((text) => INSTRUCTION + text);
      const encodings = await tokenizer.tokenize(inputs);
      return inputs.map((input, i) => ({ input, ids: (encodings[i] as { ids: Int32Array }).ids }));
    },
  };
}

function readTexts(corpus: string): { texts: string[]; source: string } {
  if (existsSync(corpus)) {
    const lines = readFileSync(corpus, 'utf8').trim().split('\n');
    const texts = lines.map((line) => (JSON.parse(line) as { text: string }).text);
    return { texts, source: 'real text, half English and half Chinese' };
  }
  const documents = ['.', 'docs', 'docs/decisions'].flatMap((folder) =>
    readdirSync(path.join(packageRoot, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => readFileSync(path.join(packageRoot, folder, file), 'utf8')),
  );
  return { texts: documents, source: "English text, pieces of this repository's documents" };
}

/** A piece of about `tokens` tokens out of a random text that has them; the longest text is repeated where none has. */
function cutOut(byLength: readonly { text: string; tokens: number }[], tokens: number, random: Random): string {
  const first = byLength.findIndex((text) => text.tokens >= tokens);
  const from = first === -1 ? byLength.length - 1 : first;
  const chosen = byLength[from + Math.floor((byLength.length - from) * random())] as { text: string; tokens: number };
  const times = Math.ceil(tokens / chosen.tokens);
  const characters = [...chosen.text.repeat(times)];
  const size = Math.max(1, Math.round((characters.length * (tokens - 1)) / (chosen.tokens * times)));
  const start = Math.floor((characters.length - size) * random());
  return characters.slice(start, start + size).join('');
}

/** `count` ranks from 0 to `distinct` − 1, rank r with a probability proportional to 1 / (r + 1). */
export function zipfRanks(count: number, distinct: number, random: Random): number[] {
  const cumulative: number[] = [];
  let total = 0;
  for (let rank = 0; rank < distinct; rank++) {
    total += 1 / (rank + 1);
    cumulative.push(total);
  }
  return Array.from({ length: count }, () => {
    const drawn = total * random();
    return cumulative.findIndex((sum) => sum > drawn);
  });
}

function logNormal(random: Random, middle: number, spread: number): number {
  // Box–Muller.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return middle * Math.exp(spread * normal);
}

function clamp(value: number, low: number, high: number): number {
  return Math.round(Math.min(high, Math.max(low, value)));
}

export function fraction(seed: number): Random {
  const random = randomUint32(seed);
  return () => random() / 2 ** 32;
}
