import { StartError } from '../errors.ts';
import { parseCanary, parseScoreCanary } from '../model-files/canary.ts';
import type { PoolingSetting } from '../model-files/folder/choose-pooling.ts';
import { readMatryoshka } from '../model-files/folder/matryoshka.ts';
import { maxTokensOf } from '../model-files/folder/max-tokens.ts';
import { LocalFiles, type ModelFolder } from '../model-files/folder/model-files.ts';
import type { Json } from '../model-files/folder/read-json.ts';
import type { ModelManifest, TaskName, WeightChoice } from '../model-files/manifest.ts';
import { chooseTask, type TaskSetting } from './choose-task.ts';
import { readScoring } from './read-scoring.ts';
import { CANARY_FILE, recognizeModel } from './recognize-model.ts';

/** The settings that a description depends on. */
export interface DescribeSettings extends WeightChoice {
  /** What to do where the folder does not say. */
  pooling: PoolingSetting;
  /** What the model is for, where the folder does not say. */
  task: TaskSetting;
  /** What a model is for whose weights everyone knows. */
  publishedTask: () => Promise<TaskName | null>;
  /** Sizes that vectors may be cut to; empty: those that the folder says. */
  matryoshkaDimensions: readonly number[];
}

/** What models of a `model_type` were trained for, whichever format computes them. */
const TRAINED_FOR: Readonly<Record<string, { takesInstructions: boolean; matryoshkaMinimum: number }>> = {
  // Model card of Qwen3-Embedding.
  qwen3: { takesInstructions: true, matryoshkaMinimum: 32 },
};

/**
 * Reads all that a model folder says about itself.
 * @throws {StartError} for a file that is missing or damaged, or a model hotvec does not implement, naming file and field.
 */
export async function describeModel(
  location: ModelFolder,
  settings: Partial<DescribeSettings> = {},
): Promise<ModelManifest> {
  const {
    pooling = 'auto',
    weights = 'auto',
    dtype = 'auto',
    matryoshkaDimensions = [],
    publishedTask: published = async () => null,
  } = settings;
  const files = new LocalFiles(location);
  const recognized = await recognizeModel(files, { weights, dtype });
  const { format, leftAside, config, modules, sentence, tokenizer } = recognized;
  if (pooling === 'in_graph' && leftAside?.kind === 'onnx') {
    throw new StartError(
      `POOLING=in_graph is for an ONNX export, and of ${location.name} the safetensors are computed. Set WEIGHTS=onnx, or unset POOLING.`,
    );
  }
  const read = async (file: string) => (await files.readJson(file)) as Json | undefined;
  const [tokenizerConfig, canary] = await Promise.all([read('tokenizer_config.json'), read(CANARY_FILE)]);
  const { name } = location;
  const said = sentence.task;
  const setting = settings.task ?? 'auto';
  const task = await chooseTask({ name, said, config, setting, pooling, matryoshkaDimensions, published });
  const { positions, reading, ...described } = await format.describe(files, {
    config,
    modules,
    tokenizer,
    task,
    pooling,
  });
  const scoring =
    task === 'rerank'
      ? await readScoring(files, { config, ...sentence, tokenizer, pairWords: format.pairWords })
      : null;
  const { hiddenSize } = described;
  const trainedFor = TRAINED_FOR[String(config.model_type)];
  const { truncateDimension, prompts, defaultPrompt } = sentence.sentence;
  return {
    name,
    folder: location.folder,
    revision: location.revision ?? null,
    format: format.name,
    task,
    scoring,
    leftAside,
    ...described,
    ...(reading ?? {
      tokenizerFile: await files.locate('tokenizer.json'),
      namedTokens: namedTokens(tokenizerConfig),
      tokenizer,
      maxTokens: maxTokensOf({ positions, config, tokenizerConfig, maxLength: sentence.transformer.maxLength }),
      // Where no modules.json says it, vectors are of length one, as clients of an OpenAI API expect.
      normalize: modules === null || modules.kinds.at(-1) === 'Normalize',
      textRules: null,
    }),
    prompts,
    defaultPrompt,
    truncateDimension: (truncateDimension ?? hiddenSize) < hiddenSize ? truncateDimension : null,
    takesInstructions: trainedFor?.takesInstructions ?? false,
    ...readMatryoshka(config, hiddenSize, {
      setting: matryoshkaDimensions,
      trainedMinimum: trainedFor?.matryoshkaMinimum ?? null,
    }),
    canary: canary === undefined || task !== 'embed' ? null : parseCanary(canary, hiddenSize),
    scoreCanary: canary === undefined || task !== 'rerank' ? null : parseScoreCanary(canary),
  };
}

/** The tokens around a text of an encoder; a plain string, or one with flags. */
function namedTokens(tokenizerConfig: Json | undefined): string[] {
  return ['cls_token', 'sep_token'].flatMap((field) => {
    const token = tokenizerConfig?.[field];
    if (typeof token === 'string') return [token];
    const { content } = (token ?? {}) as Json;
    return typeof content === 'string' ? [content] : [];
  });
}
