import { StartError } from '../../errors.ts';
import { refuseField } from '../../model-files/folder/check-fields.ts';
import { choosePooling } from '../../model-files/folder/choose-pooling.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import { checkSingleLabel, isClassifier } from '../../model-files/folder/model-kind.ts';
import { locateTensors, type TensorLocation, withoutPrefix } from '../../model-files/folder/safetensors.ts';
import type { Pooling } from '../../model-files/manifest.ts';
import type { DescribeFacts, FolderFacts, FormatDescription } from '../model-format.ts';
import { checkCrossEncoderModules, tokensBetweenTexts } from '../pairs/cross-encoder.ts';
import { tokenTypesOf } from '../pairs/token-types.ts';
import { declaredPooling, findStages, sizeAfter } from '../pooling/stages.ts';
import type { Architecture, EncoderConfig } from './architecture.ts';
import { architectureOf } from './architectures.ts';
import type { EncoderWeights } from './encoder-weights.ts';

/** What depends on the task. */
interface TaskDescription {
  weights: Pick<EncoderWeights, 'stages' | 'hasHead' | 'tokenTypes'>;
  pooling: Pooling;
  hiddenSize: number;
  givesTokenVectors: boolean;
  betweenTexts: number[];
}

/**
 * Describes an encoder in safetensors: an embedding model, or a cross-encoder, whose rows are what its head makes of a pair.
 * @throws {StartError} naming file and field, for what the graph does not compute.
 */
export async function describeEncoder(
  files: ModelFiles,
  facts: DescribeFacts,
): Promise<FormatDescription<EncoderWeights>> {
  const { config, task } = facts;
  const architecture = architectureOf(config.model_type) as Architecture;
  const sizes = architecture.readConfig(config);
  const { weights, betweenTexts, ...described } =
    task === 'rerank'
      ? describeReranker(files.name, facts, sizes, architecture)
      : await describeEmbedder(files, facts, sizes);
  const tensors = namedAsToday(withoutPrefix(await locateTensors(files), architecture.prefixes));
  return {
    weights: { architecture: sizes, tensors, ...weights },
    ...described,
    vocabularySize: sizes.vocabularySize,
    positions: sizes.positions,
    cost: {
      perRow: 2 * sizes.layerCount * sizes.layerWeights,
      perSlotAndPosition: 4 * sizes.layerCount * sizes.headCount * sizes.headDim,
    },
    // Products of integers are the same in every batch, too (int8-products.ts).
    selfCheck: { paddingToken: null, dividesByNorm: false, exactDtypes: ['int8'], betweenTexts },
  };
}

/** @throws {StartError} for what the format does not compute, as far as config.json and the modules say it. */
export async function checkSmallFiles(files: ModelFiles, facts: FolderFacts): Promise<void> {
  const architecture = architectureOf(facts.config.model_type) as Architecture;
  architecture.readConfig(facts.config);
  if (facts.task === 'rerank') checkReranker(files.name, facts, architecture);
  else if (facts.modules !== null) await declaredPooling(files, facts.modules);
}

/** @throws {StartError} for anything but a classifier of one label that the architecture has a head for. */
function checkReranker(name: string, { config, modules }: FolderFacts, { writeHead }: Architecture): void {
  checkCrossEncoderModules(modules);
  if (writeHead === undefined) {
    throw new StartError(
      `It is a reranker, and from safetensors of ${config.model_type} hotvec computes embeddings only.`,
    );
  }
  if (!isClassifier(config)) {
    const wanted = 'rerankers of a class …ForSequenceClassification alone, whose head gives the score';
    throw refuseField('config.json', 'architectures', config.architectures, wanted);
  }
  checkSingleLabel(name, config);
}

async function describeEmbedder(
  files: ModelFiles,
  { modules, pooling: setting }: DescribeFacts,
  { hiddenSize }: EncoderConfig,
): Promise<TaskDescription> {
  const declared = modules && (await declaredPooling(files, modules));
  const pooling = choosePooling({ name: files.name, declared, isPooledInGraph: false }, setting);
  const stages = modules === null ? [] : await findStages(files, modules, hiddenSize);
  return {
    weights: { stages, hasHead: false, tokenTypes: null },
    pooling,
    hiddenSize: sizeAfter(stages, hiddenSize),
    // Hidden states before a stage are of another space.
    givesTokenVectors: stages.length === 0,
    betweenTexts: [],
  };
}

function describeReranker(
  name: string,
  facts: DescribeFacts,
  sizes: EncoderConfig,
  architecture: Architecture,
): TaskDescription {
  checkReranker(name, facts, architecture);
  const { pairs } = facts.tokenizer;
  const betweenTexts = tokensBetweenTexts(name, pairs);
  const { tokenTypes: typeCount } = sizes;
  const tokenTypes = typeCount === undefined || pairs === null ? null : tokenTypesOf(pairs);
  if (tokenTypes !== null && typeCount === 1) {
    throw refuseField(
      'config.json',
      'type_vocab_size',
      1,
      'at least 2 where the tokenizer gives the second text type 1',
    );
  }
  return {
    weights: { stages: [], hasHead: true, tokenTypes },
    pooling: architecture.headPooling?.(sizes) ?? 'cls',
    hiddenSize: 1,
    givesTokenVectors: false,
    betweenTexts,
  };
}

/** Names as transformers has them today: it reads TensorFlow's words for a norm as PyTorch's. */
function namedAsToday(tensors: Readonly<Record<string, TensorLocation>>): Record<string, TensorLocation> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [
      name.replace(/(?<=LayerNorm\.)gamma$/, 'weight').replace(/(?<=LayerNorm\.)beta$/, 'bias'),
      tensor,
    ]),
  );
}
