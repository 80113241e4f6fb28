import { StartError } from '../../errors.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import { checkSingleLabel, isClassifier } from '../../model-files/folder/model-kind.ts';
import type { DescribeFacts, FolderFacts, FormatDescription } from '../model-format.ts';
import { checkCrossEncoderModules, tokensBetweenTexts } from '../pairs/cross-encoder.ts';
import { tokenTypesOf } from '../pairs/token-types.ts';
import { SCORES } from './choose-output.ts';
import { findOnnxExports } from './onnx-exports.ts';
import type { OnnxExport, OnnxWeights } from './onnx-weights.ts';
import { costOf, paddingTokenOf, readTransformerSizes } from './transformer-sizes.ts';

/**
 * Describes a cross-encoder: a graph that reads a query and a document as one sequence and gives one number.
 * @throws {StartError} naming what was found and what is implemented.
 */
export async function describeReranker(
  files: ModelFiles,
  facts: DescribeFacts,
): Promise<FormatDescription<OnnxWeights>> {
  const { config, tokenizer } = facts;
  checkReranker(files.name, facts);
  const exports = await findOnnxExports(files);
  const found = Object.values(exports);
  for (const { outputs } of found) checkScores(files.name, outputs);
  const sizes = readTransformerSizes(config);
  const { pairs } = tokenizer;
  const betweenTexts = tokensBetweenTexts(files.name, pairs);
  const takesTypes = found.some(({ inputs }) => inputs.includes('token_type_ids'));
  const tokenTypes = takesTypes && pairs !== null ? tokenTypesOf(pairs) : null;
  const paddingToken = paddingTokenOf(config);
  return {
    weights: { modelType: String(config.model_type), exports, stages: [], tokenTypes, padTokenId: paddingToken },
    pooling: 'in_graph',
    hiddenSize: 1,
    vocabularySize: sizes.vocabularySize,
    positions: sizes.positions,
    cost: costOf(sizes),
    givesTokenVectors: false,
    selfCheck: {
      paddingToken,
      dividesByNorm: false,
      exactDtypes: ['O3'],
      betweenTexts,
    },
  };
}

/**
 * What the small files say of it, before any graph is read.
 * @throws {StartError} for modules after the graph that hotvec does not compute, a language model, or more than one label.
 */
export function checkReranker(name: string, { config, modules }: FolderFacts): void {
  checkCrossEncoderModules(modules);
  const languageModel = [config.architectures].flat().find((one) => String(one).endsWith('ForCausalLM'));
  if (languageModel !== undefined) {
    throw new StartError(
      `${name} is a language model (config.json: architectures is ${languageModel}), and of ONNX graphs hotvec serves rerankers that give one number. Use its safetensors, or, if it is an embedding model, unset TASK.`,
    );
  }
  if (isClassifier(config)) checkSingleLabel(name, config);
}

/** @throws {StartError} for a graph that does not give one number for each sequence. */
export function checkScores(name: string, outputs: OnnxExport['outputs']): void {
  // A graph need not say its shapes: the engine sees them.
  const isScore = (shape: readonly (number | null)[]) => shape.length <= 2 && (shape[1] ?? 1) === 1;
  if (outputs.some(([output, shape]) => output === SCORES && isScore(shape))) return;
  const found = outputs.map(([output, shape]) => `${output} [${shape.map((size) => size ?? '?').join(', ')}]`);
  throw new StartError(
    `${name} is to be a reranker, and its ONNX graph returns ${found.join(', ')}; hotvec expects ${SCORES} [batch, 1] or [batch]. Export it with --task text-classification, or, if it is an embedding model, unset TASK.`,
  );
}
