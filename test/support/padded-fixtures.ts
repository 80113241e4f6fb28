import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Device, rowAt, toBatch } from '../../src/engine/protocol.ts';
import { describeModel } from '../../src/formats/describe-model.ts';
import type { LoadedModel } from '../../src/formats/model-format.ts';
import { loadOnnx } from '../../src/formats/onnx/load.ts';
import type { OnnxWeights } from '../../src/formats/onnx/onnx-weights.ts';
import type { Dtype, ModelManifest } from '../../src/model-files/manifest.ts';
import { normalized } from './difference.ts';
import { fixtures } from './starter.ts';

export const paddedFixtures = path.join(fixtures, 'padded');

export interface PaddedGolden {
  texts: { text: string; ids: number[]; vector: number[]; query_vector?: number[] }[];
}

/** Vectors of sentence-transformers or transformers, made by test/fixtures/padded/make.py. */
export function paddedGolden(name: string): PaddedGolden {
  return JSON.parse(readFileSync(path.join(paddedFixtures, name, 'golden.json'), 'utf8'));
}

export async function paddedManifest(name: string): Promise<ModelManifest<OnnxWeights>> {
  const manifest = await describeModel({ name, folder: path.join(paddedFixtures, name) });
  return { ...manifest, weights: padded(manifest) };
}

/** The weights of a manifest that has them in ONNX graphs. */
export function padded({ format, weights }: ModelManifest): OnnxWeights {
  if (format !== 'onnx') throw new Error(`weights of ${format}`);
  return weights as OnnxWeights;
}

export function loadPadded(
  manifest: ModelManifest,
  dtype: Dtype = 'fp32',
  device: Device = 'cpu',
): Promise<LoadedModel> {
  return loadOnnx(manifest as ModelManifest<OnnxWeights>, {
    device,
    deviceId: 0,
    dtype,
    threads: 1,
    maxTokens: manifest.maxTokens,
    prepacking: true,
    maxBatchTokens: 1024,
    mustBeatCpu: false,
  });
}

/** Vectors of `sequences` computed as one batch, as they would be served. */
export async function embedTogether(
  model: LoadedModel,
  { hiddenSize, normalize }: Pick<ModelManifest, 'hiddenSize' | 'normalize'>,
  sequences: readonly ArrayLike<number>[],
): Promise<number[][]> {
  const { rows } = await model.run(toBatch(sequences));
  return sequences.map((_, i) => {
    const row = rowAt(rows, i, hiddenSize);
    return normalize ? normalized(row) : Array.from(row);
  });
}
