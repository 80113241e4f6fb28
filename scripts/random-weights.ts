import { open, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TensorSpec } from './model-shapes.ts';

const VALUES_PER_WRITE = 1 << 22;
/** Where transformers begins another file. */
const MAX_SHARD_BYTES = 5_000_000_000;

/**
 * Writes weights as transformers saves them: one `model.safetensors`, or shards and their index where that is too large.
 * @returns the names of the files.
 */
export async function writeRandomWeights(
  folder: string,
  tensors: readonly TensorSpec[],
  seed: number,
): Promise<string[]> {
  const shards: TensorSpec[][] = [[]];
  let bytes = 0;
  for (const tensor of tensors) {
    const size = 2 * elementCount(tensor.shape);
    bytes += size;
    if (bytes > MAX_SHARD_BYTES) {
      shards.push([]);
      bytes = size;
    }
    shards.at(-1)?.push(tensor);
  }
  const number = (i: number) => String(i).padStart(5, '0');
  const name = (i: number) =>
    shards.length === 1 ? 'model.safetensors' : `model-${number(i + 1)}-of-${number(shards.length)}.safetensors`;
  for (const [i, shard] of shards.entries()) await writeRandomSafetensors(path.join(folder, name(i)), shard, seed + i);
  const files = shards.map((_, i) => name(i));
  if (files.length === 1) return files;
  const index = {
    metadata: { total_size: tensors.reduce((sum, { shape }) => sum + 2 * elementCount(shape), 0) },
    weight_map: Object.fromEntries(shards.flatMap((shard, i) => shard.map((tensor) => [tensor.name, name(i)]))),
  };
  await writeFile(path.join(folder, 'model.safetensors.index.json'), `${JSON.stringify(index, null, 2)}\n`);
  return files;
}

/**
 * Writes tensors of seeded random bfloat16 values as one safetensors file, a few megabytes at a time.
 * Layout: u64 little-endian header length, JSON header, the tensors' bytes.
 */
async function writeRandomSafetensors(file: string, tensors: readonly TensorSpec[], seed: number): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const { name, shape } of tensors) {
    const begin = end;
    end += 2 * elementCount(shape);
    header[name] = { dtype: 'BF16', shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  // The format wants the data aligned to 8 bytes; the header may end in spaces.
  const headerBytes = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(headerBytes.length));

  const output = await open(file, 'w');
  try {
    await output.write(Buffer.concat([prefix, headerBytes]));
    const next = randomUint32(seed);
    const values = new Uint16Array(VALUES_PER_WRITE);
    for (const { shape, mean, deviation } of tensors) {
      const table = bfloat16Table(mean, deviation);
      for (let left = elementCount(shape); left > 0; left -= VALUES_PER_WRITE) {
        const count = Math.min(left, VALUES_PER_WRITE);
        for (let i = 0; i < count; i += 2) {
          const bits = next();
          values[i] = table[bits & 0xffff] as number;
          values[i + 1] = table[bits >>> 16] as number;
        }
        await output.write(new Uint8Array(values.buffer, 0, 2 * count));
      }
    }
  } finally {
    await output.close();
  }
}

function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** The bfloat16 for each 16 random bits: uniform in mean ± √3 × deviation, which has that deviation. */
function bfloat16Table(mean: number, deviation: number): Uint16Array {
  const table = new Uint16Array(1 << 16);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let i = 0; i < table.length; i++) {
    float[0] = mean + Math.sqrt(3) * deviation * ((i + 0.5) / 32768 - 1);
    const word = bits[0] as number;
    // Round to nearest, ties to even.
    table[i] = (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return table;
}

/** sfc32 (PractRand): a few shifts and adds a number, where Math.random would take no seed. */
export function randomUint32(seed: number): () => number {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let counter = 1;
  const next = () => {
    const result = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + result) | 0;
    return result >>> 0;
  };
  // The state starts nearly equal for neighboring seeds; this many steps tear it apart.
  for (let i = 0; i < 16; i++) next();
  return next;
}
