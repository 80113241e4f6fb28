import { StartError } from '../../errors.ts';
import { choosePooling } from '../../model-files/folder/choose-pooling.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import type { DescribeFacts, FormatDescription } from '../model-format.ts';
import { declaredDenseSize, declaredPooling, findStages, sizeAfter } from '../pooling/stages.ts';
import { describeReranker } from './describe-reranker.ts';
import { findOnnxExports } from './onnx-exports.ts';
import type { OnnxWeights } from './onnx-weights.ts';
import { costOf, paddingTokenOf, readTransformerSizes } from './transformer-sizes.ts';

/**
 * Describes a folder with ONNX graphs. Which architectures work is the graphs' own affair: the engine feeds what they
 * declare. Refused here is what hotvec itself would have to do around them, and does not.
 *
 * @throws {StartError} naming what was found and what is implemented.
 */
export async function describeOnnx(files: ModelFiles, facts: DescribeFacts): Promise<FormatDescription<OnnxWeights>> {
  if (facts.task === 'rerank') return describeReranker(files, facts);
  const { config, modules, pooling: setting } = facts;
  const { name } = files;
  const exports = await findOnnxExports(files);
  const sizes = readTransformerSizes(config);
  const found = Object.values(exports);
  const isPooled = found.every((one) => one.isPooled);
  const isPooledSomewhere = found.some((one) => one.isPooled);
  if (modules === null && !isPooled && isPooledSomewhere) {
    throw new StartError(
      `${name} has no modules.json, and some of its ONNX graphs do their own pooling and some do not, so no POOLING is right for all. Add modules.json and its folders from the original repository, or remove the graphs of one kind.`,
    );
  }
  const inGraph = isPooled ? 'in_graph' : undefined;
  const declared = modules && (inGraph ?? (await declaredPooling(files, modules)));
  const pooling = choosePooling({ name, declared, isPooledInGraph: isPooled }, setting);
  const stages = modules === null || isPooled ? [] : await findStages(files, modules, sizes.hiddenSize);
  const pooledSize = isPooled ? (found[0]?.pooledSize ?? (await declaredDenseSize(files, modules))) : null;
  const paddingToken = paddingTokenOf(config);
  return {
    weights: { modelType: String(config.model_type), exports, stages, tokenTypes: null, padTokenId: paddingToken },
    pooling,
    hiddenSize: pooledSize ?? sizeAfter(stages, sizes.hiddenSize),
    vocabularySize: sizes.vocabularySize,
    positions: sizes.positions,
    cost: costOf(sizes),
    // A graph that pools returns no hidden states, and those before a stage are of another space.
    givesTokenVectors: stages.length === 0 && !isPooledSomewhere,
    // O3 has another GELU than PyTorch, but is float32: neighbors must show as little as in any float32.
    selfCheck: { paddingToken, dividesByNorm: isPooledSomewhere, exactDtypes: ['O3'] },
  };
}
