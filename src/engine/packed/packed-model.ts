import { availableParallelism, cpus } from 'node:os';
import path from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { StartError } from '../../errors.ts';
import type { PackedWeights } from '../../model/manifest.ts';
import type { ComputedBatch, Model } from '../model.ts';
import type { Batch, EngineSettings } from '../protocol.ts';
import { type PackedPlan, planPackedBatch } from './plan.ts';
import { writeQwen3Graph } from './qwen3-graph.ts';

/** A Qwen3-family model in memory: batches of token ids in, pooled rows out. */
export class PackedModel implements Model {
  private readonly session: InferenceSession;
  private readonly vocabularySize: number;

  private constructor(session: InferenceSession, vocabularySize: number) {
    this.session = session;
    this.vocabularySize = vocabularySize;
  }

  static async load(weights: PackedWeights, settings: EngineSettings): Promise<PackedModel> {
    const folders = new Set(Object.values(weights.tensors).map((tensor) => path.dirname(tensor.file)));
    if (folders.size !== 1) {
      throw new StartError(`The weight files lie in ${folders.size} folders; put them in one.`);
    }
    const [folder] = folders as Set<string>;
    const graph = writeQwen3Graph(weights, settings.maxTokens, (tensor) => path.basename(tensor.file));
    const session = await InferenceSession.create(graph, {
      executionProviders: [settings.device],
      intraOpNumThreads: settings.threads || allowedCores(),
      interOpNumThreads: 1,
      extra: {
        session: {
          // A graph given as bytes has no folder of its own to find its weights in.
          model_external_initializers_file_folder_path: folder,
          disable_prepacking: settings.prepacking ? '0' : '1',
          // Idle threads sleep: the server shares its cores with HTTP, and often with other services.
          intra_op: { allow_spinning: '0' },
        },
      },
    });
    return new PackedModel(session, weights.architecture.vocabularySize);
  }

  /** @returns rows: row-major [batch size, hiddenSize], not normalized. */
  async run(batch: Batch): Promise<ComputedBatch> {
    return this.runPlan(planPackedBatch(batch.tokenIds, batch.offsets, this.vocabularySize));
  }

  /** Runs a layout made elsewhere: what the benchmarks compare packing with. */
  async runPlan(plan: PackedPlan): Promise<ComputedBatch> {
    const { batchSize, longest } = plan;
    const uniqueTokens = plan.tokenIds.length;
    const int32 = (data: Int32Array, shape: number[]) => new Tensor('int32', data, shape);
    const { pooled } = await this.session.run({
      token_ids: int32(plan.tokenIds, [uniqueTokens]),
      pad_index: int32(plan.padIndex, [batchSize, longest]),
      pack_index: int32(plan.packIndex, [uniqueTokens]),
      last_row: int32(plan.lastRow, [batchSize]),
      last_slot: int32(plan.lastSlot, [batchSize]),
      seqlens_k: int32(
        plan.lengths.map((length) => length - 1),
        [batchSize],
      ),
      total_sequence_length: int32(Int32Array.of(longest), [1]),
    });
    return { rows: pooled?.data as Float32Array, computedTokens: uniqueTokens };
  }
}

/**
 * 0, ONNX Runtime's own choice of one thread a physical core, unless this process may use only some of the machine:
 * ONNX Runtime does not see a container's CPU limit, and threads beyond it wait for each other.
 */
function allowedCores(): number {
  const allowed = availableParallelism();
  return allowed < cpus().length ? allowed : 0;
}
