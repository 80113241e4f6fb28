import { statSync } from 'node:fs';
import { isClassifier, isModel2vec } from '../../model-files/folder/model-kind.ts';
import type { ModelFormat } from '../model-format.ts';
import { declaredPooling, namesOf, stageFiles } from '../pooling/stages.ts';
import { describeOnnx } from './describe-onnx.ts';
import { checkReranker, checkScores } from './describe-reranker.ts';
import { describeOtherGraphs, graphFiles, graphParts } from './graph-files.ts';
import { readGraph } from './onnx-exports.ts';
import { ONNX_DTYPES } from './onnx-file-names.ts';
import type { OnnxWeights } from './onnx-weights.ts';
import { PaddedMeter } from './padded-meter.ts';

const ADVICE =
  'Choose a repository that has one, for example from onnx-community, or create one: hf download NAME --local-dir FOLDER, then optimum-cli export onnx --model FOLDER --task feature-extraction FOLDER/onnx (--task text-classification for a reranker), and MODEL=FOLDER.';

const STATIC =
  'It is a static embedding model (model2vec), whose texts are averaged without unknown tokens, and an export averages them, too: hotvec computes its table, model.safetensors.';

/** ONNX graphs exported by someone else, of any architecture: they describe their own inputs and outputs. */
export const onnxFormat: ModelFormat<OnnxWeights> = {
  name: 'onnx',
  weightKind: 'onnx',
  modelTypes: [],
  layout: 'padded',
  hasFilesForEachDtype: true,
  textsAreReadBy: 'transformers',
  pairWords: null,

  async recognize(files, { config, modules }) {
    if (isModel2vec(config) || modules?.kinds.includes('StaticEmbedding')) return { isOwn: false, reason: STATIC };
    const dtypes = [...graphFiles(files).keys()];
    if (dtypes.length > 0) return { isOwn: true, dtypes };
    const parts = graphParts(files);
    const found =
      parts.length > 0
        ? `It has the ONNX graphs ${parts.join(', ')}: hotvec serves models with one graph, model.onnx.`
        : `It has no onnx/model.onnx.${describeOtherGraphs(files.list())}`;
    return { isOwn: false, reason: `${found} ${ADVICE}` };
  },

  async chooseFiles(files, facts, dtype) {
    const { config, modules } = facts;
    const isReranker = isClassifier(config) && !modules?.kinds.includes('Pooling');
    if (isReranker) checkReranker(files.name, facts);
    const graphs = graphFiles(files);
    const graph = (dtype === 'auto' ? [...graphs.values()][0] : graphs.get(dtype)) as string;
    const { outputs, dataFiles } = await readGraph(files, graph);
    if (isReranker) checkScores(files.name, [...outputs]);
    // A graph that gives the embedding or the score itself needs no modules: whatever they say.
    if (outputs.has('sentence_embedding') || isReranker || modules === null) return [graph, ...dataFiles];
    await declaredPooling(files, modules);
    return [graph, ...dataFiles, ...stageFiles(files, modules)];
  },

  describe: describeOnnx,

  dtypes: ({ weights }) => ONNX_DTYPES.filter((dtype) => weights.exports[dtype] !== undefined),

  meter: ({ weights }, dtype, batchTokens) =>
    new PaddedMeter({ maxSlots: batchTokens, isPadded: weights.exports[dtype]?.isBatchDependent !== true }),

  weightFiles({ weights }, dtype) {
    const chosen = weights.exports[dtype];
    if (chosen === undefined) throw new Error(`there is no export in ${dtype}`);
    const stages = chosen.isPooled ? [] : weights.stages.map(({ weight }) => weight.file);
    return [chosen.graphFile, ...chosen.dataFiles, ...stages];
  },

  residentBytes: (manifest, dtype) =>
    onnxFormat.weightFiles(manifest, dtype).reduce((sum, file) => sum + statSync(file).size, 0),

  engineFiles({ weights }) {
    const exports = Object.values(weights.exports).flatMap(({ graphFile, dataFiles }) => [graphFile, ...dataFiles]);
    return [...exports, ...weights.stages.map(({ weight }) => weight.file)];
  },

  // The graph file says the rest.
  architecture: ({ weights }) => ({
    modelType: weights.modelType,
    dense: namesOf(weights.stages),
    ...(weights.tokenTypes === null ? {} : { tokenTypes: weights.tokenTypes }),
  }),

  quantization: async () => undefined,

  prepare: async (manifest) => manifest,
};
