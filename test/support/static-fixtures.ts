import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fixtures } from './starter.ts';

/** Static models as their tools write them, and what the tools make of texts; made by make.py there. */
export const staticFixtures = path.join(fixtures, 'static');

export const STATIC_MODELS = [
  'sentence-transformers',
  'sentence-transformers-5',
  'model2vec',
  'model2vec-float16',
  'model2vec-int8',
  'model2vec-quantized',
] as const;

export interface StaticCase {
  text: string;
  /** Tokens that were averaged. */
  tokens: number;
  /** Whether the tool read only its beginning. */
  cut: boolean;
  vector: number[];
  /** With the prompt `query`, of sentence-transformers. */
  queryVector?: number[];
  /** What sentence-transformers makes of the text with a folder of model2vec. */
  sentenceTransformers?: number[];
}

export function staticCases(name: (typeof STATIC_MODELS)[number]): StaticCase[] {
  return JSON.parse(readFileSync(path.join(staticFixtures, name, 'reference.json'), 'utf8')).cases;
}
