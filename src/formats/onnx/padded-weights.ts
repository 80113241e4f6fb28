import { existsSync } from 'node:fs';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { choosePooling, type PoolingSetting } from '../../model-files/folder/choose-pooling.ts';
import { type Json, readJson } from '../../model-files/folder/read-json.ts';
import { checkModules, readPooling, type SentenceModules } from '../../model-files/folder/sentence-modules.ts';
import type { PaddedWeights, Pooling } from '../../model-files/manifest.ts';
import { declaredDenseSize, findDenseLayers } from './dense-layers.ts';
import { readTransformerSize } from './transformer-size.ts';

export interface PaddedModelFacts {
  weights: PaddedWeights;
  pooling: Pooling;
  hiddenSize: number;
  vocabularySize: number;
}

/**
 * Describes a folder with ONNX graphs. Which architectures work is the graphs' own affair: the engine feeds what they
 * declare. Refused here is what hotvec itself would have to do around them, and does not.
 *
 * @throws {StartError} naming what was found and what is implemented.
 */
export async function describePaddedModel(
  { name, folder }: { name: string; folder: string },
  config: Json,
  exports: PaddedWeights['exports'],
  modules: SentenceModules | null,
  setting: PoolingSetting,
): Promise<PaddedModelFacts> {
  const modelType = String(config.model_type);
  if (!existsSync(path.join(folder, 'tokenizer.json'))) {
    throw new StartError(
      `${name} has no tokenizer.json (looked in ${folder}). Make one with transformers: AutoTokenizer.from_pretrained(MODEL, use_fast=True).save_pretrained(FOLDER).`,
    );
  }
  const size = readTransformerSize(config);
  const found = Object.values(exports);
  const isPooled = found.every((one) => one.isPooled);
  if (modules === null && !isPooled && found.some((one) => one.isPooled)) {
    throw new StartError(
      `${name} has no modules.json, and of its ONNX graphs some pool by themselves and some do not, so that no POOLING holds for all. Add modules.json and its folders from the original repository, or remove the graphs of one kind.`,
    );
  }
  if (modules !== null && !isPooled) checkModules(modules, ['Dense']);
  const declared = modules === null ? null : await declaredPooling(folder, modules, isPooled);
  const pooling = choosePooling({ name, declared, isPooledInGraph: isPooled }, setting);
  const dense = modules === null || isPooled ? [] : await findDenseLayers(folder, modules, size.hiddenSize);
  const pooledSize = isPooled ? (found[0]?.pooledSize ?? (await declaredDenseSize(folder, modules))) : null;
  const padTokenId = config.pad_token_id;
  return {
    weights: {
      kind: 'padded',
      modelType,
      size,
      exports,
      dense,
      padTokenId: typeof padTokenId === 'number' && padTokenId >= 0 ? padTokenId : 0,
    },
    pooling,
    hiddenSize: pooledSize ?? dense.at(-1)?.weight.shape[0] ?? size.hiddenSize,
    vocabularySize: vocabularySize(config),
  };
}

async function declaredPooling(folder: string, modules: SentenceModules, isPooled: boolean): Promise<Pooling> {
  return isPooled ? 'in_graph' : readPooling((file) => readJson(folder, file), modules);
}

function vocabularySize({ vocab_size: size }: Json): number {
  if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size;
  throw new StartError(
    `config.json: vocab_size is ${JSON.stringify(size) ?? 'missing'}; wanted is a positive whole number.`,
  );
}
