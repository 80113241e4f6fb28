import { refusalOf } from '../../errors.ts';
import type { ModelFiles } from '../../model-files/folder/model-files.ts';
import {
  describeMissingSafetensors,
  hasSafetensors,
  safetensorsFiles,
  type TensorLocation,
} from '../../model-files/folder/safetensors.ts';
import { prepareInt8 } from '../../model-files/int8/prepare-int8.ts';
import type { Int8Matrix, MatrixChoice, WeightBits } from '../../model-files/int8/scheme.ts';
import type { Dtype, ModelManifest } from '../../model-files/manifest.ts';
import type { FolderFacts, PrepareOptions, Recognition } from '../model-format.ts';
import { type Stage, stageFiles } from '../pooling/stages.ts';
import { weightBits } from './weight-bits.ts';

/** What a manifest has of every model that hotvec computes from safetensors by a graph of its own. */
export interface OwnWeights {
  /** Tensor name, without a prefix, to its place. */
  tensors: Record<string, TensorLocation>;
  /** What comes after pooling, in order; of a reranker nothing. */
  stages: readonly Stage[];
  /** Tensor name to what it was quantized to; only for an engine that computes in int8. */
  int8?: Record<string, Int8Matrix>;
}

export interface OwnGraph {
  /** Whether the format has a graph for the architecture. */
  isArchitecture: boolean;
  /** @throws {StartError} for what the graph does not compute, as far as the small files say it. */
  check: () => Promise<void>;
  /** On one device or another, the default first. */
  dtypes: readonly Dtype[];
}

export async function recognizeOwnGraph(
  files: ModelFiles,
  { isArchitecture, check, dtypes }: OwnGraph,
): Promise<Recognition> {
  if (!isArchitecture) return { isOwn: false, reason: null };
  if (!hasSafetensors(files)) return { isOwn: false, reason: describeMissingSafetensors(files) };
  const reason = await refusalOf(check);
  return reason === null ? { isOwn: true, dtypes } : { isOwn: false, reason };
}

/** The files that have the weights, those of modules after pooling included. */
export async function chooseOwnFiles(files: ModelFiles, { modules }: FolderFacts): Promise<string[]> {
  return [...(await safetensorsFiles(files)), ...(modules === null ? [] : stageFiles(files, modules))];
}

/** Files whose bytes the vectors depend on, in an order that does not change. */
export function ownWeightFiles({ tensors, stages }: OwnWeights): string[] {
  return [
    ...[...new Set(Object.values(tensors).map(({ file }) => file))].sort(),
    ...stages.map(({ weight }) => weight.file),
  ];
}

/** Files that an engine may load. */
export function ownEngineFiles({ tensors, stages, int8 = {} }: OwnWeights): string[] {
  const quantized = Object.values(int8).flatMap(({ values, scales }) => [values, scales]);
  return [...Object.values(tensors), ...stages.map(({ weight }) => weight), ...quantized].map(({ file }) => file);
}

/** Which matrices of a format are quantized, by the bits that a weight of theirs has. */
export type ChoiceOf = (bits: WeightBits) => MatrixChoice;

/** The name of the scheme that `dtype` is quantized by on this processor; undefined where it is not by hotvec. */
export async function schemeOf(dtype: Dtype, choiceOf: ChoiceOf): Promise<string | undefined> {
  return dtype === 'int8' ? choiceOf(await weightBits()).scheme : undefined;
}

/**
 * The manifest with the matrices that the format's choice quantizes, where an engine wants them.
 * @throws {StartError} where there is no place for their file.
 */
export async function withInt8<Weights extends OwnWeights>(
  manifest: ModelManifest<Weights>,
  dtypes: ReadonlySet<Dtype>,
  { folders, onPresumed, ...options }: PrepareOptions,
  choiceOf: ChoiceOf,
): Promise<ModelManifest<Weights>> {
  if (!dtypes.has('int8')) return manifest;
  const choice = choiceOf(await weightBits());
  const withMatrices = (int8: OwnWeights['int8']) => ({ ...manifest, weights: { ...manifest.weights, int8 } });
  const int8 = await prepareInt8(manifest.weights.tensors, {
    ...options,
    choice,
    folders: folders(),
    onPresumed: (presumed) => onPresumed?.(withMatrices(presumed)),
  });
  return withMatrices(int8);
}
