import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ModelManifest } from './manifest.ts';

/**
 * A short name for the vector space: vectors of two servers are comparable only if their fingerprints are equal. It
 * covers weights, tokenizer, architecture, revision, pooling, dtype and prompts. Reads every weight file once.
 *
 * @returns 16 hexadecimal digits.
 */
export async function fingerprintOf(manifest: ModelManifest): Promise<string> {
  const weightFiles = [...new Set(Object.values(manifest.tensors).map((tensor) => tensor.file))].sort();
  const facts = {
    weights: (await Promise.all(weightFiles.map(sha256))).sort(),
    tokenizer: await sha256(manifest.tokenizerFile),
    architecture: manifest.architecture,
    revision: manifest.revision,
    pooling: manifest.pooling,
    normalize: manifest.normalize,
    dtype: manifest.dtype,
    prompts: manifest.prompts,
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
