import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { Dtype, ModelManifest } from './manifest.ts';

/**
 * A short name for the vector space: vectors of two servers are comparable only if their fingerprints are equal. It
 * covers weights, tokenizer, architecture, revision, pooling, dtype and prompts. Reads every weight file once.
 *
 * @param known absolute path → SHA-256 of files that were read already.
 * @returns 16 hexadecimal digits.
 */
export async function fingerprintOf(
  manifest: ModelManifest,
  dtype: Dtype,
  known: ReadonlyMap<string, string> = new Map(),
): Promise<string> {
  const { weights } = manifest;
  if (weights.kind !== 'packed') throw new Error('the padded path comes with the next commit');
  const weightFiles = [...new Set(Object.values(weights.tensors).map((tensor) => tensor.file))].sort();
  const facts = {
    weights: (await Promise.all(weightFiles.map((file) => sha256(file, known)))).sort(),
    tokenizer: await sha256(manifest.tokenizerFile, known),
    architecture: weights.architecture,
    revision: manifest.revision,
    pooling: manifest.pooling,
    normalize: manifest.normalize,
    dtype,
    prompts: manifest.prompts,
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

async function sha256(file: string, known: ReadonlyMap<string, string>): Promise<string> {
  const verified = known.get(await realpath(file));
  if (verified !== undefined) return verified;
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
