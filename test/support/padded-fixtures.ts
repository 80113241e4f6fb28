import { readFileSync } from 'node:fs';
import path from 'node:path';
import { type Device, toBatch } from '../../src/engine/protocol.ts';
import { rowAt } from '../../src/engine/rows.ts';
import { loadManifest } from '../../src/formats/load-manifest.ts';
import { PaddedModel } from '../../src/formats/onnx/padded-model.ts';
import type { Dtype, ModelManifest, PaddedWeights } from '../../src/model-files/manifest.ts';
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

export function paddedManifest(name: string): Promise<ModelManifest> {
  return loadManifest({ name, folder: path.join(paddedFixtures, name) });
}

/** The weights of a manifest that has them in ONNX graphs. */
export function padded({ weights }: ModelManifest): PaddedWeights {
  if (weights.kind !== 'padded') throw new Error('no ONNX export');
  return weights;
}

export function loadPadded(
  manifest: ModelManifest,
  dtype: Dtype = 'fp32',
  device: Device = 'cpu',
): Promise<PaddedModel> {
  return PaddedModel.load(manifest, {
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
  model: PaddedModel,
  { hiddenSize, normalize }: Pick<ModelManifest, 'hiddenSize' | 'normalize'>,
  sequences: readonly ArrayLike<number>[],
): Promise<number[][]> {
  const { rows } = await model.run(toBatch(sequences));
  return sequences.map((_, i) => {
    const row = rowAt(rows, i, hiddenSize);
    return normalize ? normalized(row) : Array.from(row);
  });
}
