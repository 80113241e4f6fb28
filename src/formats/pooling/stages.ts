import path from 'node:path';
import { StartError } from '../../errors.ts';
import { checkFields, type FieldRules, refuseField } from '../../model-files/folder/check-fields.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import { locateTensors, type TensorLocation } from '../../model-files/folder/safetensors.ts';
import { checkModules, readPooling, type SentenceModules } from '../../model-files/folder/sentence-modules.ts';
import type { Pooling } from '../../model-files/manifest.ts';

/** Modules of sentence-transformers that may be between Pooling and Normalize, in any order. */
const STAGE_MODULES = ['Dense', 'LayerNorm', 'Dropout'];

/** sentence_transformers.models.Dense: row ← activation(row · weightᵀ + bias). */
export interface DenseStage {
  kind: 'dense';
  /** [outFeatures, inFeatures] */
  weight: TensorLocation;
  /** [outFeatures] */
  bias: TensorLocation | null;
  activation: 'identity' | 'tanh' | 'gelu' | 'relu' | 'sigmoid';
}

/** sentence_transformers.models.LayerNorm: torch.nn.LayerNorm of a row. */
export interface LayerNormStage {
  kind: 'layer_norm';
  /** [width] */
  weight: TensorLocation;
  /** [width] */
  bias: TensorLocation;
}

/** What is done to a pooled row before it is normalized. */
export type Stage = DenseStage | LayerNormStage;

/** PyTorch's class to its name here. GELU is the exact one, by the error function. */
const ACTIVATIONS: ReadonlyMap<string, DenseStage['activation']> = new Map(
  Object.entries({
    Identity: 'identity',
    Tanh: 'tanh',
    GELU: 'gelu',
    ReLU: 'relu',
    Sigmoid: 'sigmoid',
  } as const),
);

/** With the epsilon of torch.nn.LayerNorm, which no file of such a module changes. */
const LAYER_NORM_FIELDS: FieldRules = { dimension: 'applied' };

const WEIGHTS = 'model.safetensors';

const DENSE_FIELDS: FieldRules = {
  activation_function: 'applied',
  bias: { only: [true, false] },
  out_features: 'applied',
  in_features: 'applied',
  module_input_name: { only: ['sentence_embedding'] },
  module_output_name: { only: ['sentence_embedding', null] },
  use_residual: { only: [false] },
};

/**
 * The pooling that a model's files declare; it needs no weights, so that a model is refused before they are downloaded.
 * @throws {StartError} for modules and poolings that hotvec does not have.
 */
export function declaredPooling(files: ModelFiles, modules: SentenceModules): Promise<Pooling> {
  checkModules(modules, STAGE_MODULES);
  return readPooling((file) => files.readJson(file), modules);
}

/**
 * Finds the weights of the modules after Pooling, in order. Dropout does nothing but in training.
 * @param inputSize components of a pooled row.
 * @throws {StartError} for weights that are missing or only pickled, a shape that does not fit, an unknown activation.
 */
export async function findStages(
  files: ModelFiles,
  { kinds, folders }: SentenceModules,
  inputSize: number,
): Promise<Stage[]> {
  const stages: Stage[] = [];
  let size = inputSize;
  for (const [i, kind] of kinds.entries()) {
    const folder = folders[i] ?? '';
    if (kind === 'Dense') {
      const dense = await readDense(files, folder, size);
      size = dense.weight.shape[0] as number;
      stages.push(dense);
    } else if (kind === 'LayerNorm') {
      stages.push(await readLayerNorm(files, folder, size));
    }
  }
  return stages;
}

/** Components of a row after all stages. */
export function sizeAfter(stages: readonly Stage[], inputSize: number): number {
  return stages.at(-1)?.weight.shape[0] ?? inputSize;
}

/** What the fingerprint has of them besides their weights. */
export function namesOf(stages: readonly Stage[]): string[] {
  return stages.map((stage) => (stage.kind === 'dense' ? stage.activation : stage.kind));
}

/** The files that have the weights of modules after Pooling, as far as they are there. */
export function stageFiles(files: ModelFiles, { kinds, folders }: SentenceModules): string[] {
  return folders
    .filter((_, i) => STAGE_MODULES.includes(kinds[i] as string))
    .map((folder) => path.posix.join(folder, WEIGHTS))
    .filter((file) => files.has(file));
}

/** Components after the last Dense module, by its config.json; null where there is none. Its weights may be absent. */
export async function declaredDenseSize(files: ModelFiles, modules: SentenceModules | null): Promise<number | null> {
  const last = modules?.kinds.lastIndexOf('Dense') ?? -1;
  if (last < 0) return null;
  const file = path.posix.join(modules?.folders[last] ?? '', 'config.json');
  const size = ((await files.readJson(file)) as Json | undefined)?.out_features;
  if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size;
  throw new StartError(`${file}: out_features is ${JSON.stringify(size) ?? 'missing'}; expected an integer.`);
}

async function readDense(files: ModelFiles, name: string, inputSize: number): Promise<DenseStage> {
  const file = path.posix.join(name, 'config.json');
  const config = await readConfig(files, name, 'Dense');
  checkFields(file, config, DENSE_FIELDS);
  const named = config.activation_function;
  const [, activationClass = ''] = /^torch\.(?:\w+\.)*(\w+)$/.exec(typeof named === 'string' ? named : '') ?? [];
  const activation = ACTIVATIONS.get(activationClass);
  if (activation === undefined) {
    throw new StartError(
      `${file}: activation_function is ${JSON.stringify(named)}; hotvec supports ${[...ACTIVATIONS.keys()].join(', ')} of torch.nn.modules.`,
    );
  }
  const names = config.bias === false ? ['linear.weight'] : ['linear.weight', 'linear.bias'];
  const [weight, bias = null] = (await readTensors(files, name, names)) as [TensorLocation, TensorLocation?];
  const [outFeatures, inFeatures] = weight.shape;
  if (inFeatures !== inputSize || weight.shape.length !== 2) throw misfit(name, 'weight', weight, inputSize);
  if (bias !== null && bias.shape.join() !== String(outFeatures)) {
    throw new StartError(`${name}: its bias has shape [${bias.shape}]; expected [${outFeatures}].`);
  }
  checkSizes(file, config, { in_features: inFeatures, out_features: outFeatures });
  return { kind: 'dense', weight, bias, activation };
}

async function readLayerNorm(files: ModelFiles, name: string, inputSize: number): Promise<LayerNormStage> {
  const file = path.posix.join(name, 'config.json');
  const config = await readConfig(files, name, 'LayerNorm');
  checkFields(file, config, LAYER_NORM_FIELDS);
  const found = await readTensors(files, name, ['norm.weight', 'norm.bias']);
  const [weight, bias] = found as [TensorLocation, TensorLocation];
  if (weight.shape.join() !== String(inputSize)) throw misfit(name, 'weight', weight, inputSize);
  if (bias.shape.join() !== String(inputSize)) throw misfit(name, 'bias', bias, inputSize);
  checkSizes(file, config, { dimension: inputSize });
  return { kind: 'layer_norm', weight, bias };
}

/** @throws {StartError} for a size that the weights do not have: sentence-transformers does not load such a module. */
function checkSizes(file: string, config: Json, sizes: Record<string, number | undefined>): void {
  for (const [field, size] of Object.entries(sizes)) {
    const found = config[field];
    if (found !== undefined && found !== size)
      throw refuseField(file, field, found, `the size of its weight (${size})`);
  }
}

function misfit(name: string, part: string, { shape }: TensorLocation, inputSize: number): StartError {
  return new StartError(`${name}: its ${part} has shape [${shape}], but its input rows have ${inputSize} components.`);
}

async function readConfig(files: ModelFiles, name: string, module: string): Promise<Json> {
  const file = path.posix.join(name, 'config.json');
  const config = (await files.readJson(file)) as Json | undefined;
  if (config !== undefined) return config;
  throw new StartError(`The model has no ${file}, which describes its ${module} module.`);
}

/**
 * The tensors of a module, in the order of `names`.
 * @throws {StartError} for one that is missing, or that is not among them.
 */
async function readTensors(files: ModelFiles, name: string, names: readonly string[]): Promise<TensorLocation[]> {
  if (!files.has(path.posix.join(name, WEIGHTS))) {
    const pickled = files.has(path.posix.join(name, 'pytorch_model.bin'));
    throw new StartError(
      pickled
        ? `${name} has its weights only in pytorch_model.bin, a pickle, which can run code, so hotvec does not load it. Save the module with safetensors.`
        : `${name} has no model.safetensors with the weights of its module.`,
    );
  }
  const tensors = await locateTensors(files, name);
  const other = Object.keys(tensors).find((tensor) => !names.includes(tensor));
  if (other !== undefined) {
    throw new StartError(`${name}/config.json says nothing of ${other}, a tensor in its model.safetensors.`);
  }
  return names.map((tensor) => {
    const found = tensors[tensor];
    if (found === undefined) throw new StartError(`${name}/model.safetensors has no tensor ${tensor}.`);
    return found;
  });
}
