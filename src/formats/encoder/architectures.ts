import type { Architecture } from './architecture.ts';
import { bert } from './architectures/bert.ts';
import { distilbert } from './architectures/distilbert.ts';
import { gemma3 } from './architectures/gemma3.ts';
import { modernbert } from './architectures/modernbert.ts';
import { mpnet } from './architectures/mpnet.ts';
import { nomicBert } from './architectures/nomic-bert.ts';
import { qwen2 } from './architectures/qwen2.ts';
import { roberta } from './architectures/roberta.ts';

/** Every architecture that the format computes. */
const ARCHITECTURES: readonly Architecture[] = [
  bert,
  roberta,
  distilbert,
  mpnet,
  modernbert,
  nomicBert,
  gemma3,
  qwen2,
] as Architecture[];

/** The architecture of a `model_type`; undefined: the format has none. */
export function architectureOf(modelType: unknown): Architecture | undefined {
  return ARCHITECTURES.find(({ modelTypes }) => modelTypes.includes(String(modelType)));
}

/** Values of `model_type` that the format computes, for messages. */
export const MODEL_TYPES: readonly string[] = ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes);
