import path from 'node:path';
import { StartError } from '../../errors.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import { locateTensorsOf, type TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Dtype } from '../../model-files/manifest.ts';

/** Precisions; there is nothing to compute that another would make faster. */
export const STATIC_DTYPES: readonly Dtype[] = ['fp32'];

/** Element types of tables: all that model2vec writes, and what PyTorch trains in. */
const TABLE_TYPES = ['F32', 'F16', 'BF16', 'F64', 'I8'] as const;
const INDEX_TYPES = ['I32', 'I64'] as const;
const FLOAT_TYPES = ['F32', 'F16', 'F64'] as const;
const STORED_TYPES = [...TABLE_TYPES, ...INDEX_TYPES];

export type TableType = (typeof TABLE_TYPES)[number];
export type IndexType = (typeof INDEX_TYPES)[number];
export type WeightType = (typeof FLOAT_TYPES)[number];

/** A table of token vectors: the vector of token t is `weights[t] · table[mapping[t]]`. */
export interface StaticWeights {
  /** [rows, hiddenSize] */
  table: TensorLocation<TableType>;
  /** [vocabulary] the row of each token; null: row t is that of token t. */
  mapping: TensorLocation<IndexType> | null;
  /** [vocabulary] null: all are 1. */
  weights: TensorLocation<WeightType> | null;
  /** What the tensor of the table is called. */
  tableName: 'embedding.weight' | 'embeddings';
}

/** The file of a static model's table, in its folder. */
export const TABLE_FILE = 'model.safetensors';

/**
 * Finds the tensors of a static model. sentence-transformers saves `embedding.weight`; model2vec `embeddings` and, of a
 * quantized vocabulary, `mapping` and `weights`.
 *
 * @param folder relative to the model's.
 * @throws {StartError} for a tensor that is missing, left over, of another type or shape.
 */
export async function findStaticWeights(files: ModelFiles, folder: string): Promise<StaticWeights> {
  const file = path.posix.join(folder, TABLE_FILE);
  const tensors = await locateTensorsOf(await files.locate(file), STORED_TYPES);
  const tableName = 'embedding.weight' in tensors ? 'embedding.weight' : 'embeddings';
  const known = tableName === 'embeddings' ? [tableName, 'mapping', 'weights'] : [tableName];
  const unknown = Object.keys(tensors).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new StartError(`${file}: hotvec knows no tensor ${unknown} of a static model, which may change the vectors.`);
  }

  const find = <Stored extends (typeof STORED_TYPES)[number]>(name: string, types: readonly Stored[], rank: number) => {
    const tensor = tensors[name];
    if (tensor === undefined) return null;
    if (!isOneOf(tensor, types)) {
      throw new StartError(`${file}: tensor ${name} is ${tensor.dtype}; hotvec reads ${types.join(', ')} there.`);
    }
    if (tensor.shape.length !== rank || tensor.shape.includes(0)) {
      throw new StartError(`${file}: tensor ${name} has shape [${tensor.shape}]; expected ${rank} dimensions.`);
    }
    return tensor;
  };
  const table = find(tableName, TABLE_TYPES, 2);
  if (table === null) throw new StartError(`${file} has no tensor embedding.weight, and no tensor embeddings.`);
  const found: StaticWeights = {
    table,
    mapping: find('mapping', INDEX_TYPES, 1),
    weights: find('weights', FLOAT_TYPES, 1),
    tableName,
  };
  const [count] = found.weights?.shape ?? [];
  if (count !== undefined && count !== vocabularySizeOf(found)) {
    throw new StartError(`${file}: there are ${count} weights, but ${vocabularySizeOf(found)} tokens.`);
  }
  return found;
}

/** Tokens that have a vector. */
export function vocabularySizeOf({ table, mapping }: StaticWeights): number {
  return (mapping ?? table).shape[0] as number;
}

function isOneOf<Stored extends string>(
  tensor: { dtype: string },
  types: readonly Stored[],
): tensor is TensorLocation<never> & { dtype: Stored } {
  return (types as readonly string[]).includes(tensor.dtype);
}
