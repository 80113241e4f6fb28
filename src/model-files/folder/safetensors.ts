import { open, realpath } from 'node:fs/promises';
import path from 'node:path';
import { StartError } from '../../errors.ts';
import { refuseLfsPointer } from './lfs-pointer.ts';
import type { ModelFiles } from './model-files.ts';
import type { Json } from './read-json.ts';

/** Element types of safetensors that hotvec reads; models are published in the first three, and tables in others, too. */
export type StoredType = 'F32' | 'F16' | 'BF16' | 'F64' | 'I8' | 'I32' | 'I64';

type WeightType = (typeof WEIGHT_DTYPES)[number];

/** One tensor's place in a safetensors file. */
export interface TensorLocation<Stored extends StoredType = WeightType> {
  /** Absolute path, symbolic links resolved. */
  file: string;
  dtype: Stored;
  shape: number[];
  /** Bytes from the start of `file`. */
  offset: number;
  byteLength: number;
}

const DTYPE_BYTES = { F32: 4, F16: 2, BF16: 2, F64: 8, I8: 1, I32: 4, I64: 8 } as const;
/** What models are published in. */
const WEIGHT_DTYPES = ['F32', 'F16', 'BF16'] as const;
/** Of buffers that old versions of transformers saved beside the weights, such as `embeddings.position_ids`. */
const BUFFER_DTYPE = 'I64';
const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';
/** The format's own bound on the JSON header (https://github.com/huggingface/safetensors#format). */
const MAX_HEADER_BYTES = 100_000_000;

export function hasSafetensors(files: ModelFiles): boolean {
  return files.has(SINGLE_FILE) || files.has(INDEX_FILE);
}

/** A sentence of a refusal: that there are none, and what to do where a pickle is all there is. */
export function describeMissingSafetensors(files: ModelFiles): string {
  if (!files.has('pytorch_model.bin')) return `It has no ${SINGLE_FILE}.`;
  return `It has no ${SINGLE_FILE}, only pytorch_model.bin, a pickle, which can run code, so hotvec does not load it: SentenceTransformer(MODEL).save_pretrained(FOLDER) saves the model with safetensors.`;
}

/**
 * The files that hold a model's tensors: `model.safetensors`, which transformers takes first too, or
 * `model.safetensors.index.json` and the shards that it lists.
 * @throws {StartError} for an index that is damaged, or names what is not there.
 */
export async function safetensorsFiles(files: ModelFiles): Promise<string[]> {
  if (files.has(SINGLE_FILE)) return [SINGLE_FILE];
  return [INDEX_FILE, ...new Set(Object.values(await readWeightMap(files)))];
}

/**
 * Finds every weight of a model, or of one of its folders. Only headers are read.
 *
 * @throws {StartError} for a missing, truncated or malformed file, naming it.
 */
export async function locateTensors(files: ModelFiles, folder = ''): Promise<Record<string, TensorLocation>> {
  const single = path.posix.join(folder, SINGLE_FILE);
  const weightMap = folder !== '' || files.has(single) ? {} : await readWeightMap(files);
  const shards = new Set(Object.values(weightMap));
  const tensors: Record<string, TensorLocation<WeightType | typeof BUFFER_DTYPE>> = {};
  for (const file of shards.size === 0 ? [single] : shards) {
    Object.assign(tensors, await locateTensorsOf(await files.locate(file), [...WEIGHT_DTYPES, BUFFER_DTYPE]));
  }
  for (const [name, shard] of Object.entries(weightMap)) {
    if (tensors[name] === undefined) throw new StartError(`${INDEX_FILE}: tensor ${name} is not in ${shard}.`);
  }
  const weights: Record<string, TensorLocation> = {};
  for (const [name, { dtype, ...place }] of Object.entries(tensors)) {
    if (dtype !== BUFFER_DTYPE) weights[name] = { dtype, ...place };
  }
  return weights;
}

/** Tensors by what their names are without the first of `prefixes` that they begin with, as checkpoints with a head have them. */
export function withoutPrefix(
  tensors: Readonly<Record<string, TensorLocation>>,
  prefixes: readonly string[],
): Record<string, TensorLocation> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const prefix = prefixes.find((one) => name.startsWith(one)) ?? '';
      return [name.slice(prefix.length), tensor];
    }),
  );
}

/** Tensor name to the shard that holds it. */
async function readWeightMap(files: ModelFiles): Promise<Record<string, string>> {
  const { weight_map: weightMap } = ((await files.readJson(INDEX_FILE)) ?? {}) as Json;
  if (typeof weightMap !== 'object' || weightMap === null) throw new StartError(`${INDEX_FILE} has no weight_map.`);
  const shards = new Set<unknown>(Object.values(weightMap));
  for (const shard of shards) {
    if (typeof shard !== 'string' || path.basename(shard) !== shard) {
      throw new StartError(`${INDEX_FILE}: shard ${JSON.stringify(shard)} is not a file name in the model folder.`);
    }
    if (files.has(shard)) continue;
    throw new StartError(
      `${files.name}: ${INDEX_FILE} names ${shard}, which is missing. Download it too, or choose another revision.`,
    );
  }
  if (shards.size === 0) throw new StartError(`${INDEX_FILE} names no file. Choose another revision.`);
  return weightMap as Record<string, string>;
}

/**
 * Finds every tensor of one safetensors file. Layout: u64 little-endian header length, JSON header, then the tensors'
 * bytes, little-endian, row-major.
 *
 * @param dtypes those that may be in it.
 * @throws {StartError} for a missing, truncated or malformed file, naming it.
 */
export async function locateTensorsOf<Stored extends StoredType>(
  link: string,
  dtypes: readonly Stored[],
): Promise<Record<string, TensorLocation<Stored>>> {
  const name = path.basename(link);
  const fail = (why: string) =>
    new StartError(`${name} ${why}. Copy or download the model folder again: ${path.dirname(link)}`);
  // Hub caches are made of links; ONNX Runtime refuses external data behind one.
  const file = await realpath(link).catch(() => {
    throw fail('is missing');
  });
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const prefix = Buffer.alloc(8);
    await handle.read(prefix, 0, 8, 0);
    const headerBytes = Number(prefix.readBigUInt64LE());
    if (size < 8 || headerBytes > MAX_HEADER_BYTES || 8 + headerBytes > size) {
      refuseLfsPointer(path.dirname(link), name);
      throw fail('is not a safetensors file');
    }
    const text = Buffer.alloc(headerBytes);
    await handle.read(text, 0, headerBytes, 8);
    let header: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>;
    try {
      header = JSON.parse(text.toString('utf8'));
    } catch {
      throw fail('has a damaged header');
    }
    if (typeof header !== 'object' || header === null || Array.isArray(header)) throw fail('has a damaged header');
    const located: Record<string, TensorLocation<Stored>> = {};
    for (const [tensor, { dtype, shape, data_offsets: range }] of Object.entries(header)) {
      if (tensor === '__metadata__') continue;
      const knownDtype = dtypes.find((one) => one === dtype);
      if (knownDtype === undefined) {
        const wanted = dtypes.join(', ').replace(/, (?=\w+$)/, ' and ');
        throw new StartError(`${name}: tensor ${tensor} is ${dtype}; hotvec reads ${wanted}.`);
      }
      const [begin = Number.NaN, end = Number.NaN] = Array.isArray(range) ? range : [];
      const expected = Array.isArray(shape)
        ? shape.reduce((product, dimension) => product * dimension, DTYPE_BYTES[knownDtype])
        : Number.NaN;
      const isWhole = Number.isSafeInteger(begin) && Number.isSafeInteger(end) && begin >= 0 && expected >= 0;
      if (!isWhole || end - begin !== expected) throw fail(`has a damaged entry for ${tensor}`);
      const offset = 8 + headerBytes + begin;
      if (offset + expected > size)
        throw fail(`is truncated: it has ${size} bytes, but tensor ${tensor} ends at ${offset + expected}`);
      located[tensor] = { file, dtype: knownDtype, shape, offset, byteLength: expected };
    }
    checkCoverage(located, 8 + headerBytes, size, fail);
    return located;
  } finally {
    await handle.close();
  }
}

/** The format allows no overlap and no hole: two tensors that share bytes, or bytes of none, mean a damaged header. */
function checkCoverage(
  tensors: Record<string, TensorLocation<StoredType>>,
  start: number,
  size: number,
  fail: (why: string) => StartError,
): void {
  let end = start;
  for (const { offset, byteLength } of Object.values(tensors).sort((a, b) => a.offset - b.offset)) {
    if (offset !== end) throw fail('has a damaged header: its tensors overlap or leave a gap');
    end = offset + byteLength;
  }
  if (end !== size) throw fail(`has ${size - end} bytes that belong to no tensor`);
}
