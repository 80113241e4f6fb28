import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from '../../engine/process/session-options.ts';
import type { Batch, EngineSettings } from '../../engine/protocol.ts';
import { StartError } from '../../errors.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { ModelManifest } from '../../model-files/manifest.ts';
import { writeEmbeddingLookup } from '../graph-writer/embedding-lookup.ts';
import { leastColumnsFor } from '../graph-writer/least-columns.ts';
import { weightsFolderOf } from '../graph-writer/weights-folder.ts';
import type { ComputedBatch, LoadedModel } from '../model-format.ts';
import { joinRows, splitBatch } from '../own-graph/split-batch.ts';
import { startOfSecondText, type TokenTypes } from '../pairs/token-types.ts';
import { loadStages } from '../pooling/load-stages.ts';
import { pool } from '../pooling/pool.ts';
import { loadRowGraph, type RowGraph } from '../pooling/row-graph.ts';
import { ENCODER_DTYPES } from './encoder-dtypes.ts';
import type { EncoderWeights } from './encoder-weights.ts';
import { LONGEST_TOGETHER } from './fused-attention.ts';
import { planEncoderBatch, positionsAfterPadding, rowsAskedFor } from './plan.ts';
import { writeEncoderGraph, writeHeadGraph } from './write-encoder-graph.ts';

/** Poolings that read one token of a sequence: others read all. */
const READ_TOKEN = { cls: 'first', last_token: 'last' } as const;

/**
 * Loads an encoder.
 * @throws {StartError} for a precision that it is not computed in; for tensors that do not fit together.
 */
export async function loadEncoder(
  manifest: ModelManifest<EncoderWeights>,
  settings: EngineSettings,
): Promise<EncoderModel> {
  const { weights } = manifest;
  const { dtype, device, maxTokens } = settings;
  const offered = ENCODER_DTYPES[device];
  if (!offered.includes(dtype)) {
    throw new StartError(`On ${device} these weights run in ${offered.join(', ')}, not in ${dtype}.`);
  }
  if (dtype === 'int8' && weights.int8 === undefined) throw new StartError('The weights were not quantized to int8.');
  const int8 = dtype === 'int8' ? (weights.int8 ?? {}) : {};
  const quantized = Object.values(int8).map(({ values }) => values);
  const { weightsFolder, fileName } = weightsFolderOf([...Object.values(weights.tensors), ...quantized]);
  const operators = device === 'cpu' ? 'fused' : 'plain';
  const { graph, fedTable } = writeEncoderGraph(
    { ...weights, int8 },
    {
      fileName,
      operators,
      longest: Math.max(maxTokens, leastColumnsFor(weights.architecture.headDim)),
      everyRow: readTokenOf(manifest) === undefined,
    },
  );
  // Always, whatever PREPACKING says: from other matrices ONNX Runtime takes the terms of a sum in an order that depends on
  // how many rows there are, and a text's vector would depend on its batch.
  const options = sessionOptions(
    { ...settings, prepacking: true },
    { weightsFolder, operationsPerToken: manifest.cost.perRow },
  );
  const session = await InferenceSession.create(graph, options);
  const lookup =
    fedTable === undefined
      ? undefined
      : await InferenceSession.create(
          writeEmbeddingLookup(weights.tensors[fedTable] as TensorLocation, fileName),
          sessionOptions({ ...settings, device: 'cpu' }, { weightsFolder }),
        );
  const { hiddenSize: width } = weights.architecture;
  const finish = weights.hasHead
    ? await loadRowGraph(writeHeadGraph(weights, fileName), { width, weightsFolder, settings })
    : await loadStages(weights.stages, settings);
  const longestTogether = operators === 'fused' ? LONGEST_TOGETHER : maxTokens;
  return new EncoderModel({ session, lookup, manifest, finish, longestTogether });
}

interface EncoderParts {
  session: InferenceSession;
  /** Token ids → embeddings, where the graph itself does not look them up. */
  lookup: InferenceSession | undefined;
  manifest: ModelManifest<EncoderWeights>;
  /** What is done with pooled rows: the stages after pooling, or the head of a classifier. */
  finish: RowGraph;
  /** Longest sequence that the graph computes together with others. */
  longestTogether: number;
}

/** An encoder in memory: batches of token ids in, pooled rows out. */
export class EncoderModel implements LoadedModel {
  private readonly parts: EncoderParts;

  constructor(parts: EncoderParts) {
    this.parts = parts;
  }

  /** @returns rows: row-major [rows, hiddenSize], not normalized; see `rowOffsetsOf`. */
  async run(batch: Batch): Promise<ComputedBatch> {
    const parts = splitBatch(batch, (length, i) => (length <= this.parts.longestTogether ? 'together' : i));
    const rows: Float32Array[] = [];
    for (const part of parts) rows.push(await this.runTogether(part.batch));
    return { rows: joinRows(batch, parts, rows), computedTokens: batch.tokenIds.length };
  }

  private async runTogether(batch: Batch): Promise<Float32Array> {
    const { tokenIds, perToken } = batch;
    const { session, lookup, manifest, finish } = this.parts;
    const { weights, pooling } = manifest;
    const plan = planEncoderBatch(batch, leastColumnsFor(weights.architecture.headDim));
    const { batchSize, slots, packIndex } = plan;
    const int32 = (data: Int32Array, shape: number[] = [data.length]) => new Tensor('int32', data, shape);
    const { hiddenSize: width, paddingToken } = weights.architecture;
    const readToken = readTokenOf(manifest);
    const rowIndex = readToken === undefined ? new Int32Array() : rowsAskedFor(batch, plan, readToken);
    const feeds: Record<string, () => Tensor> = {
      token_ids: () => int32(tokenIds),
      token_types: () => int32(typesOf(batch, weights.tokenTypes)),
      positions: () => int32(paddingToken === undefined ? plan.positions : positionsAfterPadding(batch, paddingToken)),
      pad_index: () => int32(plan.padIndex, [batchSize, slots]),
      pack_index: () => int32(packIndex),
      lengths: () => int32(plan.lengths),
      slot_position: () => int32(Int32Array.from({ length: slots }, (_, position) => position)),
      row_index: () => int32(rowIndex),
      row_slot: () => int32(rowIndex.map((row) => packIndex[row] as number)),
    };
    const lookedUp = await lookup?.run({ token_ids: int32(tokenIds) });
    const fed = session.inputNames.map((name) => [name, lookedUp?.[name] ?? (feeds[name]?.() as Tensor)]);
    const states = (await session.run(Object.fromEntries(fed))).states?.data as Float32Array;
    if (perToken !== undefined && weights.stages.length > 0) {
      throw new Error('this model returns no rows of single tokens');
    }
    const rows = readToken === undefined ? pool(states, width, plan, pooling, perToken) : states;
    return finish(rows);
  }
}

/** [N] 1 in the second text of a pair, elsewhere 0. */
function typesOf({ tokenIds, offsets }: Batch, tokenTypes: TokenTypes | null): Int32Array {
  const types = new Int32Array(tokenIds.length);
  if (tokenTypes === null) return types;
  for (const [i, start] of offsets.subarray(0, -1).entries()) {
    const sequence = tokenIds.subarray(start, offsets[i + 1]);
    types.fill(1, start + startOfSecondText(sequence, tokenTypes), start + sequence.length);
  }
  return types;
}

function readTokenOf({ pooling }: ModelManifest<EncoderWeights>): 'first' | 'last' | undefined {
  return pooling === 'cls' || pooling === 'last_token' ? READ_TOKEN[pooling] : undefined;
}
