import { existsSync } from 'node:fs';
import { open, readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, StartError } from '../../errors.ts';
import type { StoredType, TensorLocation } from '../manifest.ts';
import { refuseLfsPointer } from './lfs-pointer.ts';

const DTYPE_BYTES = { F32: 4, F16: 2, BF16: 2, I8: 1 } as const;
/** What models are published in. */
const WEIGHT_DTYPES = ['F32', 'F16', 'BF16'] as const;
const INDEX_FILE = 'model.safetensors.index.json';
const SINGLE_FILE = 'model.safetensors';
/** The format's own bound on the JSON header (https://github.com/huggingface/safetensors#format). */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Finds every tensor of a model folder: one `model.safetensors`, or the shards that `model.safetensors.index.json`
 * lists. Only headers are read. Names lose the `model.` prefix that a causal-LM checkpoint has.
 *
 * @throws {StartError} for a missing, truncated or malformed file, naming it.
 */
export async function locateTensors(
  folder: string,
  has = (file: string) => existsSync(path.join(folder, file)),
): Promise<Record<string, TensorLocation>> {
  const indexFile = path.join(folder, INDEX_FILE);
  const tensors: Record<string, TensorLocation> = {};
  if (!has(INDEX_FILE)) {
    Object.assign(tensors, await locateTensorsOf(path.join(folder, SINGLE_FILE), WEIGHT_DTYPES));
  } else {
    const weightMap = await readWeightMap(indexFile);
    for (const shard of new Set(Object.values(weightMap))) {
      if (path.basename(shard) !== shard) {
        throw new StartError(`${INDEX_FILE}: shard ${JSON.stringify(shard)} is not a file name in the model folder.`);
      }
      Object.assign(tensors, await locateTensorsOf(path.join(folder, shard), WEIGHT_DTYPES));
    }
    for (const [name, shard] of Object.entries(weightMap)) {
      if (tensors[name] === undefined) throw new StartError(`${INDEX_FILE}: tensor ${name} is not in ${shard}.`);
    }
  }
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name.replace(/^model\./, ''), tensor]));
}

async function readWeightMap(indexFile: string): Promise<Record<string, string>> {
  try {
    const { weight_map: weightMap } = JSON.parse(await readFile(indexFile, 'utf8')) as { weight_map?: unknown };
    if (typeof weightMap === 'object' && weightMap !== null) return weightMap as Record<string, string>;
  } catch (error) {
    refuseLfsPointer(path.dirname(indexFile), INDEX_FILE);
    throw new StartError(`${INDEX_FILE} cannot be read: ${messageOf(error)}`);
  }
  throw new StartError(`${INDEX_FILE} has no weight_map.`);
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
        throw new StartError(`${name}: tensor ${tensor} is ${dtype}; hotvec reads ${wanted} weights.`);
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
