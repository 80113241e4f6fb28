import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { randomUint32 } from '../scripts/random-weights.ts';
import { packageRoot } from '../src/package-info.ts';
import type { Tokenizer } from '../src/tokenization/tokenizer.ts';

export const INSTRUCTION =
  'Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery:';
/** Real text where the project's shared data is at hand; it is not part of the repository. */
const CORPUS = path.join(packageRoot, '..', 'shared', 'data', 'corpus', 'bench-corpus.jsonl');
/** Tokens of INSTRUCTION in the random stand-in: what Qwen3's tokenizer makes of it. */
const INSTRUCTION_TOKENS = 19;

/** `q`: queries · `qi`: the same behind the instruction · `p`: passages · `mix`: log-normal lengths. */
export type WorkloadName = 'q' | 'qi' | 'p' | 'mix';

export interface WorkItem {
  /** As a client sends it: a text, or token ids where there is no real text. */
  input: string | number[];
  /** As the engine gets it. */
  ids: Int32Array;
}

type Random = () => number;

const LENGTHS: Record<WorkloadName, (random: Random) => number> = {
  q: (random) => 4 + Math.floor(45 * random()),
  qi: (random) => 4 + Math.floor(45 * random()),
  p: (random) => clamp(logNormal(random, 170, 0.55), 16, 512),
  mix: (random) => clamp(logNormal(random, 110, 1.1), 4, 2048),
};

export interface Workloads {
  source: string;
  /** `count` items of a workload, all different; another `seed`, other items. */
  take(name: WorkloadName, count: number, seed: number): Promise<WorkItem[]>;
}

export async function openWorkloads(tokenizer: Tokenizer, vocabularySize: number): Promise<Workloads> {
  if (!existsSync(CORPUS)) {
    return {
      source: 'seeded random token ids',
      take: async (name, count, seed) => randomItems(name, count, fraction(seed), vocabularySize),
    };
  }
  const texts = readFileSync(CORPUS, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { text: string }).text);
  const lengths = (await tokenizer.tokenize(texts)).map(({ ids }) => ids.length);
  const byLength = texts.map((text, i) => ({ text, tokens: lengths[i] as number })).sort((a, b) => a.tokens - b.tokens);
  return {
    source: 'real text, most of it English and Chinese',
    async take(name, count, seed) {
      const random = fraction(seed);
      const chosen = Array.from({ length: count }, () => cutOut(byLength, LENGTHS[name](random), random));
      const inputs = name === 'qi' ? chosen.map((text) => INSTRUCTION + text) : chosen;
      const encodings = await tokenizer.tokenize(inputs);
      return inputs.map((input, i) => ({ input, ids: (encodings[i] as { ids: Int32Array }).ids }));
    },
  };
}

/** A piece of about `tokens` tokens out of a random text that has them. */
function cutOut(byLength: readonly { text: string; tokens: number }[], tokens: number, random: Random): string {
  const first = byLength.findIndex((text) => text.tokens >= tokens);
  const from = first === -1 ? byLength.length - 1 : first;
  const { text, tokens: available } = byLength[from + Math.floor((byLength.length - from) * random())] as {
    text: string;
    tokens: number;
  };
  const characters = [...text];
  const size = Math.max(1, Math.round((characters.length * (tokens - 1)) / available));
  const start = Math.floor((characters.length - size) * random());
  return characters.slice(start, start + size).join('');
}

function randomItems(name: WorkloadName, count: number, random: Random, vocabularySize: number): WorkItem[] {
  const draw = (length: number, source: Random) => Array.from({ length }, () => Math.floor(vocabularySize * source()));
  const prefix = name === 'qi' ? draw(INSTRUCTION_TOKENS, fraction(1)) : [];
  return Array.from({ length: count }, () => {
    const input = [...prefix, ...draw(LENGTHS[name](random), random)];
    return { input, ids: Int32Array.from(input) };
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

function fraction(seed: number): Random {
  const random = randomUint32(seed);
  return () => random() / 2 ** 32;
}
