import path from 'node:path';
import { StartError } from '../../errors.ts';
import { checkFields, type FieldRules } from '../../model-files/folder/check-fields.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import type { Json } from '../../model-files/folder/read-json.ts';
import { locateTensors, type TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { SentenceModules } from '../../model-files/folder/sentence-modules.ts';

/** sentence_transformers.models.Dense: row ← activation(row · weightᵀ + bias). */
export interface DenseLayer {
  /** [outFeatures, inFeatures] */
  weight: TensorLocation;
  /** [outFeatures] */
  bias: TensorLocation | null;
  activation: 'identity' | 'tanh' | 'gelu' | 'relu' | 'sigmoid';
}

/** PyTorch's class to its name here. GELU is the exact one, by the error function. */
const ACTIVATIONS: ReadonlyMap<string, DenseLayer['activation']> = new Map(
  Object.entries({
    Identity: 'identity',
    Tanh: 'tanh',
    GELU: 'gelu',
    ReLU: 'relu',
    Sigmoid: 'sigmoid',
  } as const),
);

const WEIGHTS = 'model.safetensors';

const FIELDS: FieldRules = {
  activation_function: 'applied',
  bias: { only: [true, false] },
  out_features: 'applied',
  in_features: { noEffect: 'the shape of the weight says it' },
  module_input_name: { only: ['sentence_embedding'] },
  module_output_name: { only: ['sentence_embedding', null] },
  use_residual: { only: [false] },
};

/**
 * Finds the weights of the Dense modules, in order.
 * @param inputSize components of a pooled row.
 * @throws {StartError} for weights that are missing or only pickled, a shape that does not fit, an unknown activation.
 */
export async function findDenseLayers(
  files: ModelFiles,
  { kinds, folders }: SentenceModules,
  inputSize: number,
): Promise<DenseLayer[]> {
  const layers: DenseLayer[] = [];
  let size = inputSize;
  for (const [i, kind] of kinds.entries()) {
    if (kind !== 'Dense') continue;
    const layer = await readDense(files, folders[i] ?? '');
    const [outFeatures, inFeatures] = layer.weight.shape;
    if (inFeatures !== size || layer.weight.shape.length !== 2) {
      throw new StartError(
        `${folders[i]}: its weight has shape [${layer.weight.shape}], but its input rows have ${size} components.`,
      );
    }
    if (layer.bias !== null && layer.bias.shape.join() !== String(outFeatures)) {
      throw new StartError(`${folders[i]}: its bias has shape [${layer.bias.shape}]; expected [${outFeatures}].`);
    }
    layers.push(layer);
    size = outFeatures as number;
  }
  return layers;
}

/** The weights of the Dense modules, as far as they are there. */
export function denseFiles(files: ModelFiles, { kinds, folders }: SentenceModules): string[] {
  return folders
    .filter((_, i) => kinds[i] === 'Dense')
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

async function readDense(files: ModelFiles, name: string): Promise<DenseLayer> {
  const file = path.posix.join(name, 'config.json');
  const config = (await files.readJson(file)) as Json | undefined;
  if (config === undefined) throw new StartError(`The model has no ${file}, which describes its Dense module.`);
  checkFields(file, config, FIELDS);
  const named = config.activation_function;
  const [, activationClass = ''] = /^torch\.(?:\w+\.)*(\w+)$/.exec(typeof named === 'string' ? named : '') ?? [];
  const activation = ACTIVATIONS.get(activationClass);
  if (activation === undefined) {
    throw new StartError(
      `${file}: activation_function is ${JSON.stringify(named)}; hotvec supports ${[...ACTIVATIONS.keys()].join(', ')} of torch.nn.modules.`,
    );
  }
  if (!files.has(path.posix.join(name, WEIGHTS))) {
    const pickled = files.has(path.posix.join(name, 'pytorch_model.bin'));
    throw new StartError(
      pickled
        ? `${name} has its weights only in pytorch_model.bin, a pickle, which can run code, so hotvec does not load it. Save the module with safetensors.`
        : `${name} has no model.safetensors with the weights of the Dense module.`,
    );
  }
  const tensors = await locateTensors(files, name);
  const weight = tensors['linear.weight'];
  if (weight === undefined) throw new StartError(`${name}/model.safetensors has no tensor linear.weight.`);
  const bias = tensors['linear.bias'] ?? null;
  if (bias !== null && config.bias === false) {
    throw new StartError(`${file} says that there is no bias, but ${name}/model.safetensors has one.`);
  }
  if (bias === null && config.bias !== false)
    throw new StartError(`${name}/model.safetensors has no tensor linear.bias.`);
  return { weight, bias, activation };
}
