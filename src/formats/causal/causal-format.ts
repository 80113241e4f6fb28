import type { Device } from '../../engine/protocol.ts';
import { choosePooling } from '../../model-files/folder/choose-pooling.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import { locateTensors, withoutPrefix } from '../../model-files/folder/safetensors.ts';
import type { Dtype } from '../../model-files/manifest.ts';
import type { FolderFacts, ModelFormat } from '../model-format.ts';
import {
  chooseOwnFiles,
  ownEngineFiles,
  ownWeightFiles,
  recognizeOwnGraph,
  schemeOf,
  withInt8,
} from '../own-graph/own-weights.ts';
import { declaredPooling, findStages, namesOf, sizeAfter } from '../pooling/stages.ts';
import { architectureFacts, type CausalArchitecture } from './architecture.ts';
import { architectureOf, MODEL_TYPES, readCausalConfig } from './architectures.ts';
import { EMBEDDING_TABLE } from './causal-graph.ts';
import { type CausalWeights, decoderChoice } from './causal-weights.ts';
import { PackedMeter, packedCost } from './packed-meter.ts';
import { findScoreHead, qwen3PairWords } from './score-head.ts';

/**
 * Precisions by device, the default first. Not in the list: bf16 on the CPU and WebGPU, and fp32 on CUDA, where ONNX
 * Runtime has no kernel for a part of the graph (docs/decisions/0024), and int8 but on the CPU, for which it is made
 * (docs/decisions/0031).
 */
const DTYPES: Record<Device, readonly Dtype[]> = {
  cpu: ['fp32', 'int8'],
  webgpu: ['fp32', 'fp16'],
  cuda: ['bf16', 'fp16'],
};
/** Of a number, in memory; in int8 some matrices stay fp32. */
const BYTES: Partial<Record<Dtype, number>> = { fp32: 4, bf16: 2, fp16: 2, int8: 1 };
/** On one device or another. */
const ALL_DTYPES: readonly Dtype[] = ['fp32', 'bf16', 'fp16', 'int8'];

/** Decoders in safetensors, computed by hotvec's own causal graph. */
export const causalFormat: ModelFormat<CausalWeights> = {
  name: 'causal',
  weightKind: 'safetensors',
  modelTypes: MODEL_TYPES,
  layout: 'shared',
  hasFilesForEachDtype: false,
  textsAreReadBy: 'transformers',
  pairWords: qwen3PairWords,

  recognize(files, facts) {
    const architecture = architectureOf(facts.config.model_type);
    return recognizeOwnGraph(files, {
      isArchitecture: architecture !== undefined && architecture.isFor?.(facts.config) !== false,
      check: () => checkSmallFiles(files, facts),
      dtypes: ALL_DTYPES,
    });
  },

  chooseFiles: chooseOwnFiles,

  async describe(files, facts) {
    const { config, modules, task, pooling: setting } = facts;
    const architecture = readCausalConfig(config);
    const tensors = withoutPrefix(await locateTensors(files), ['model.']);
    const isReranker = task === 'rerank';
    const head = isReranker ? await findScoreHead(files, facts) : null;
    const declared = isReranker || modules === null ? null : await declaredPooling(files, modules);
    const stages = isReranker || modules === null ? [] : await findStages(files, modules, architecture.hiddenSize);
    const pooling = { name: files.name, declared, isPooledInGraph: false };
    return {
      weights: { architecture, tensors, head, stages },
      // A score is made of the last token, which alone has seen the whole pair.
      pooling: isReranker ? 'last_token' : choosePooling(pooling, setting),
      hiddenSize: isReranker ? 1 : sizeAfter(stages, architecture.hiddenSize),
      vocabularySize: architecture.vocabularySize,
      positions: architecture.maxPositions,
      cost: packedCost(architecture),
      // Hidden states before a stage are of another space.
      givesTokenVectors: !isReranker && stages.length === 0,
      // Products of integers are the same in every batch, too (int8-products.ts).
      selfCheck: { paddingToken: null, dividesByNorm: false, exactDtypes: ['int8'] },
    };
  },

  dtypes: (_, device) => DTYPES[device],

  meter: ({ cost }, _, batchTokens) => new PackedMeter({ maxUniqueTokens: batchTokens, cost }),

  weightFiles: ({ weights }) => ownWeightFiles(weights),

  residentBytes({ weights }, dtype) {
    // Of the table and of a head like it only rows that are asked for are read.
    const read = [EMBEDDING_TABLE, 'lm_head.weight'];
    const computed = Object.entries(weights.tensors).filter(([name]) => !read.includes(name));
    const numbers = computed.reduce(
      (sum, [, { shape }]) => sum + shape.reduce((product, size) => product * size, 1),
      0,
    );
    return numbers * (BYTES[dtype] ?? 0);
  },

  engineFiles: ({ weights }) => ownEngineFiles(weights),

  architecture({ weights: { architecture, head, stages } }) {
    const { traits } = architectureOf(architecture.modelType) as CausalArchitecture;
    return {
      ...architectureFacts(architecture, traits),
      ...(head === null ? {} : { head }),
      ...(stages.length === 0 ? {} : { dense: namesOf(stages) }),
    };
  },

  quantization: (dtype) => schemeOf(dtype, decoderChoice),

  prepare: (manifest, dtypes, options) => withInt8(manifest, dtypes, options, decoderChoice),
};

/** @throws {StartError} for what the format does not compute, as far as config.json and the modules say it. */
async function checkSmallFiles(files: ModelFiles, { config, modules }: FolderFacts): Promise<void> {
  readCausalConfig(config);
  // A reranker has other modules, and no pooling.
  if (modules?.kinds.includes('Pooling') === true) await declaredPooling(files, modules);
}
