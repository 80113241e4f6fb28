import { createHash } from 'node:crypto';
import { formatOf } from '../formats/formats.ts';
import { FileHashes } from './file-hashes.ts';
import type { Dtype, ModelManifest } from './manifest.ts';

/**
 * A short name for the vector space: vectors of two servers are comparable only if their fingerprints are equal. It
 * covers weights, tokenizer, architecture, pooling, dtype and prompts, by content: the same files have the same one,
 * wherever they came from. Reads every weight file once.
 *
 * @returns 16 hexadecimal digits.
 */
export async function fingerprintOf(manifest: ModelManifest, dtype: Dtype, files = new FileHashes()): Promise<string> {
  const format = formatOf(manifest);
  const quantization = await format.quantization(dtype);
  const hashes = await Promise.all(format.weightFiles(manifest, dtype).map((file) => files.of(file)));
  const facts = {
    weights: hashes,
    tokenizer: await files.of(manifest.tokenizerFile),
    architecture: format.architecture(manifest),
    pooling: manifest.pooling,
    normalize: manifest.normalize,
    dtype,
    // Quantized by hotvec, and another method gives other vectors; an ONNX export was quantized by its author.
    ...(quantization === undefined ? {} : { quantization }),
    prompts: manifest.prompts,
    ...(manifest.defaultPrompt === '' ? {} : { defaultPrompt: manifest.defaultPrompt }),
    ...(manifest.scoring === null ? {} : { scoring: manifest.scoring }),
    ...(manifest.truncateDimension === null ? {} : { truncateDimension: manifest.truncateDimension }),
    ...(manifest.tokenizer.changes === null ? {} : { tokenizerChanges: changesThatCount(manifest) }),
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/**
 * Fingerprints are kept beside vectors in databases. Those of embedding models were first made when hotvec read no pairs,
 * with this in the place of their form, on which no vector depends.
 */
function changesThatCount({ task, tokenizer }: ModelManifest): unknown {
  const { changes } = tokenizer;
  const around = changes?.post_processor as { single?: unknown[] } | null | undefined;
  if (task !== 'embed' || around?.single === undefined) return changes;
  return { ...changes, post_processor: { ...around, pair: [...around.single, { Sequence: { id: 'B', type_id: 0 } }] } };
}
