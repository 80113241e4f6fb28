import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from '../../engine/process/session-options.ts';
import type { Batch, EngineSettings } from '../../engine/protocol.ts';
import { StartError } from '../../errors.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { Dtype, ModelManifest } from '../../model-files/manifest.ts';
import { writeEmbeddingLookup } from '../graph-writer/embedding-lookup.ts';
import { weightsFolderOf } from '../graph-writer/weights-folder.ts';
import type { ComputedBatch, LoadedModel } from '../model-format.ts';
import { type BatchPart, joinRows, splitBatch } from '../own-graph/split-batch.ts';
import { loadStages } from '../pooling/load-stages.ts';
import { pool } from '../pooling/pool.ts';
import type { RowGraph } from '../pooling/row-graph.ts';
import { EMBEDDING_TABLE, PACKED_DTYPES, type PackedDtype, writeCausalGraph } from './causal-graph.ts';
import type { CausalWeights } from './causal-weights.ts';
import { type KeptPrefix, KeptPrefixes, type PrefixedPlan, planWithPrefixes } from './kept-prefixes.ts';
import { int32, layoutFeeds, NO_LAYOUT } from './layout-feeds.ts';
import { packedCost } from './packed-meter.ts';
import { slotsFor } from './padded-view.ts';
import { answerEveryRow, type PackedPlan, planPackedBatch, positionsOf, statesOfSequences } from './plan.ts';
import { LONGEST_IN_BLOCKS } from './query-blocks.ts';

/** Precisions whose queries, keys and values are float32 (on the CPU: all that are served there). */
const OF_FLOAT32: readonly Dtype[] = ['fp32', 'int8'];

export type CausalManifest = Pick<ModelManifest<CausalWeights>, 'weights' | 'pooling'>;

/**
 * Loads a decoder.
 * @throws {StartError} for a precision that the packed graph is not written in, or a window that the device does not
 * compute; for tensors that do not fit together.
 */
export async function loadCausal(manifest: CausalManifest, settings: EngineSettings): Promise<PackedModel> {
  const { weights } = manifest;
  const { dtype, device, maxTokens } = settings;
  checkWindow(weights, settings);
  if (dtype === 'int8' && weights.int8 === undefined) throw new StartError('The weights were not quantized to int8.');
  const quantized = dtype === 'int8' ? Object.values(weights.int8 ?? {}).map(({ values }) => values) : [];
  const { weightsFolder, fileName } = weightsFolderOf([...Object.values(weights.tensors), ...quantized]);
  // WebGPU has no bfloat16, and not every device a buffer for a large model's whole table: that lookup is a session
  // of its own on the CPU, so that everything else can be held to the device. Its own attention operator is wrong.
  const isWebGpu = device === 'webgpu';
  const inBlocks = device === 'cpu' && OF_FLOAT32.includes(dtype);
  // Pairs of a request begin alike, and elsewhere keys and values would have to leave the device.
  const keepsPrefixes = weights.head !== null && inBlocks;
  const graph = writeCausalGraph(weights, {
    positions: slotsFor(maxTokens),
    fileName,
    dtype: packedDtype(dtype),
    attention: inBlocks ? 'blocks' : isWebGpu ? 'plain' : 'fused',
    keepsPrefixes,
    feedEmbeddings: isWebGpu,
  });
  const operationsPerToken = packedCost(weights.architecture).perRow;
  const options = sessionOptions(settings, { weightsFolder, operationsPerToken });
  const session = await InferenceSession.create(graph, options);
  const lookup = isWebGpu
    ? await InferenceSession.create(
        writeEmbeddingLookup(weights.tensors[EMBEDDING_TABLE] as TensorLocation, fileName),
        sessionOptions({ ...settings, device: 'cpu' }, { weightsFolder }),
      )
    : undefined;
  const prefixes = keepsPrefixes ? new KeptPrefixes() : undefined;
  const finish = await loadStages(weights.stages, settings);
  return new PackedModel({ session, lookup, manifest, inBlocks, prefixes, finish });
}

export interface PackedModelParts {
  session: InferenceSession;
  /** Token ids → embedding rows, where the graph itself does not look them up. */
  lookup: InferenceSession | undefined;
  manifest: CausalManifest;
  /** Whether the graph attends sequences of up to LONGEST_IN_BLOCKS tokens in blocks of queries. */
  inBlocks: boolean;
  /** undefined: the graph computes every row. */
  prefixes: KeptPrefixes | undefined;
  finish: RowGraph;
}

/** A decoder in memory: batches of token ids in, pooled rows out. */
export class PackedModel implements LoadedModel {
  private readonly parts: PackedModelParts;

  constructor(parts: PackedModelParts) {
    this.parts = parts;
  }

  /** @returns rows: row-major [rows, hiddenSize], not normalized; see `rowOffsetsOf`. */
  async run(batch: Batch): Promise<ComputedBatch> {
    // What is attended otherwise is rounded otherwise: a long sequence shares rows only with long ones that ask for as much.
    const parts = splitBatch(batch, (length, i) =>
      !this.parts.inBlocks || length <= LONGEST_IN_BLOCKS ? 'together' : (batch.perToken?.[i] ?? 0),
    );
    const computed: ComputedBatch[] = [];
    for (const { batch: part } of parts) computed.push(await this.runApart(part));
    return joinComputed(batch, parts, computed);
  }

  /**
   * In a padded view a row that sequences share is attended among the keys of one of them, and what is not finite there gets through,
   * since 0 × NaN is NaN. Blocks keep it from the others; here each sequence is computed once more, alone.
   */
  private async runApart(batch: Batch): Promise<ComputedBatch> {
    const together = await this.runTogether(batch);
    const isInBlocks = this.parts.inBlocks && (batch.offsets[1] as number) <= LONGEST_IN_BLOCKS;
    if (isInBlocks || batch.offsets.length === 2 || together.rows.every(Number.isFinite)) return together;
    const parts = splitBatch(batch, (_, i) => i);
    const computed: ComputedBatch[] = [];
    for (const { batch: part } of parts) computed.push(await this.runTogether(part));
    return joinComputed(batch, parts, computed);
  }

  private async runTogether(batch: Batch): Promise<ComputedBatch> {
    const { manifest, prefixes } = this.parts;
    const { weights, pooling } = manifest;
    if (pooling !== 'last_token' || weights.stages.length > 0) return this.runAndPool(batch);
    // In a long sequence a beginning is little.
    if (prefixes === undefined || (batch.offsets[1] as number) > LONGEST_IN_BLOCKS) {
      return this.runPlan(planPackedBatch(batch.tokenIds, batch.offsets, batch.perToken));
    }
    const prefixed = planWithPrefixes(prefixes, batch);
    const { keys, values, ...computed } = await this.compute(prefixed);
    if (prefixed.tokens.length > 0) prefixes.keep({ tokens: prefixed.tokens, keys, values });
    return computed;
  }

  /** What is made of hidden states besides taking the last one. Tokens that share a prefix still share a row. */
  private async runAndPool({ tokenIds, offsets, perToken }: Batch): Promise<ComputedBatch> {
    const { pooling, weights } = this.parts.manifest;
    if (perToken !== undefined && weights.stages.length > 0) {
      throw new Error('this model returns no rows of single tokens');
    }
    const { hiddenSize } = weights.architecture;
    const plan = planPackedBatch(tokenIds, offsets);
    const isLast = pooling === 'last_token';
    const { rows: computed, computedTokens } = await this.runPlan(isLast ? plan : answerEveryRow(plan));
    const sequences = { starts: offsets.slice(0, -1), lengths: plan.lengths };
    const pooled = (states: Float32Array) => pool(states, hiddenSize, sequences, pooling, perToken);
    const rows = isLast ? computed : pooled(statesOfSequences(computed, hiddenSize, plan));
    return { rows: await this.parts.finish(rows), computedTokens };
  }

  /** Runs a layout made elsewhere, in which nothing was kept: what the benchmarks compare packing with. */
  async runPlan(plan: PackedPlan): Promise<ComputedBatch> {
    const { rows, computedTokens } = await this.compute({ plan, kept: null, used: 0, keepRows: new Int32Array() });
    return { rows, computedTokens };
  }

  private async compute({
    plan,
    kept,
    used,
    keepRows,
  }: Omit<PrefixedPlan, 'tokens'>): Promise<ComputedBatch & Omit<KeptPrefix, 'tokens'>> {
    const { session, lookup, prefixes, manifest, inBlocks } = this.parts;
    const { layerCount, keyValueHeadCount, headDim } = manifest.weights.architecture;
    const uniqueTokens = plan.tokenIds.length;
    const tokenIds = { token_ids: int32(plan.tokenIds) };
    const { packIndex, lastSlot, ...layout } = layoutFeeds(plan, { inBlocks, headDim });
    const feeds: Record<string, Tensor> = {
      ...NO_LAYOUT,
      ...layout.feeds,
      ...(lookup === undefined ? tokenIds : await lookup.run(tokenIds)),
      pack_index: int32(packIndex),
      last_row: int32(plan.lastRow),
      last_slot: int32(lastSlot),
      keep_rows: int32(keepRows),
      row_position: int32(positionsOf(plan)),
    };
    const width = keyValueHeadCount * headDim;
    const layers = prefixes === undefined ? [] : Array.from({ length: layerCount }, (_, layer) => layer);
    const first = (rows: Float32Array | undefined) =>
      new Tensor('float32', rows?.subarray(0, used * width) ?? new Float32Array(), [used, width]);
    for (const layer of layers) {
      feeds[`kept_key.${layer}`] = first(kept?.keys[layer]);
      feeds[`kept_value.${layer}`] = first(kept?.values[layer]);
    }
    const wanted = session.inputNames.map((name) => [name, feeds[name] as Tensor]);
    const results = await session.run(Object.fromEntries(wanted));
    const rowsOf = (name: string) => results[name]?.data as Float32Array;
    return {
      rows: rowsOf('pooled'),
      computedTokens: uniqueTokens,
      keys: layers.map((layer) => rowsOf(`keep_key.${layer}`)),
      values: layers.map((layer) => rowsOf(`keep_value.${layer}`)),
    };
  }
}

function joinComputed(batch: Batch, parts: readonly BatchPart[], computed: readonly ComputedBatch[]): ComputedBatch {
  const rows = joinRows(
    batch,
    parts,
    computed.map((one) => one.rows),
  );
  return { rows, computedTokens: computed.reduce((sum, one) => sum + one.computedTokens, 0) };
}

/** @throws {StartError} for a sliding window that a text may be longer than, on a device where it was not compared. */
function checkWindow({ architecture }: CausalWeights, { device, maxTokens }: EngineSettings): void {
  const { slidingWindow } = architecture.traits;
  if (device !== 'cuda' || slidingWindow === null || slidingWindow.tokens >= maxTokens) return;
  throw new StartError(
    `config.json: sliding_window is ${slidingWindow.tokens}, and on ${device} hotvec computes no window. Set MAX_INPUT_TOKENS=${slidingWindow.tokens} or less, with which no text is longer, or choose another DEVICE.`,
  );
}

/** @throws {StartError} for a precision that the packed graph is not written in. */
function packedDtype(dtype: Dtype): PackedDtype {
  const known = PACKED_DTYPES.find((one) => one === dtype);
  if (known === undefined) throw new StartError(`These weights run in ${PACKED_DTYPES.join(', ')}, not in ${dtype}.`);
  return known;
}
