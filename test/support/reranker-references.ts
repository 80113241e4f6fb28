import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fixtures } from './starter.ts';

/** A pair of texts and what PyTorch makes of it (test/fixtures/rerankers/README.md). */
export interface ReferencePair {
  query: string;
  document: string;
  instruction?: string | null;
  /** Of the whole sequence; null: no limit. */
  maxTokens: number | null;
  ids: number[];
  /** Of a cross-encoder whose graph takes them. */
  typeIds?: number[] | null;
  logit: number;
  score: number;
}

export const rerankerFolders = path.join(fixtures, 'rerankers');

/** Names of the folders that have reference scores. */
export function namesOfRerankers(): string[] {
  return readdirSync(rerankerFolders).filter((name) => existsSync(path.join(rerankerFolders, name, 'reference.json')));
}

/** The starter as a reranker. */
export function starterPairs(): ReferencePair[] {
  return JSON.parse(readFileSync(path.join(rerankerFolders, 'starter-scores.json'), 'utf8')).pairs;
}

export function referencePairs(name: string): ReferencePair[] {
  return JSON.parse(readFileSync(path.join(rerankerFolders, name, 'reference.json'), 'utf8')).pairs;
}
