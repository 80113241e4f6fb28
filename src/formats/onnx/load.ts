import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../engine/process/session-options.ts';
import { type Batch, type EngineSettings, toBatch } from '../../engine/protocol.ts';
import { StartError } from '../../errors.ts';
import type { ModelManifest, Pooling } from '../../model-files/manifest.ts';
import type { ComputedBatch, LoadedModel } from '../model-format.ts';
import { loadStages } from '../pooling/load-stages.ts';
import { pool } from '../pooling/pool.ts';
import type { RowGraph } from '../pooling/row-graph.ts';
import { type ChosenOutput, chooseOutput } from './choose-output.ts';
import { createCpuSession } from './create-cpu-session.ts';
import { type PaddedLayout, planInputs } from './graph-inputs.ts';
import { fromHalves } from './half-float.ts';
import type { OnnxExport, OnnxWeights } from './onnx-weights.ts';
import { operatorsOnCpu } from './operators-on-cpu.ts';
import { recordOperators } from './record-operators.ts';

/** Lengths of the batch that shows where each operator runs: short, so that masks stay smaller than hidden states. */
const TRIAL_LENGTHS = [4, 2];

/**
 * Loads an ONNX export.
 * @throws {StartError} for a graph with inputs or outputs that hotvec does not know, naming them; and for one of which
 * the device would run a part on the CPU, naming the operators.
 */
export async function loadOnnx(manifest: ModelManifest<OnnxWeights>, settings: EngineSettings): Promise<LoadedModel> {
  const { exports } = manifest.weights;
  const chosen = exports[settings.dtype];
  if (chosen === undefined) throw new StartError(`${manifest.name} has no ONNX export in ${settings.dtype}.`);
  const { graphFile } = chosen;
  if (settings.device === 'cpu') {
    const others = Object.keys(exports).filter((dtype) => dtype !== settings.dtype);
    return toModel(await createCpuSession(graphFile, settings, others), manifest, settings, chosen);
  }
  // Exporters leave arithmetic on shapes to the CPU, whatever runs the rest, so what runs there is checked.
  const options = sessionOptions(settings, { allowCpuNodes: true });
  const trial = TRIAL_LENGTHS.map((length) => Math.min(length, settings.maxTokens));
  const { operators, result } = await recordOperators(
    (profiling) => InferenceSession.create(graphFile, { ...options, ...profiling }),
    async (session) => {
      const model = await toModel(session, manifest, settings, chosen);
      await model.runTogether(toBatch(trial.map((length) => Array.from({ length }, (_, i) => i))));
      return model;
    },
  );
  const onCpu = operatorsOnCpu(operators, trial.length * Math.max(...trial) ** 2);
  if (onCpu.length > 0) throw partlyOnCpu(onCpu, settings, exports);
  return result;
}

async function toModel(
  session: InferenceSession,
  { weights, pooling, task }: ModelManifest<OnnxWeights>,
  settings: EngineSettings,
  { isBatchDependent }: OnnxExport,
): Promise<PaddedModel> {
  const output = chooseOutput(session.outputMetadata, task);
  // A pooled output has been through them.
  const stages = output.isPooled ? [] : weights.stages;
  return new PaddedModel({
    session,
    output,
    feeds: planInputs(session.inputMetadata, weights.padTokenId, weights.tokenTypes),
    givesTokenRows: !output.isPooled && stages.length === 0,
    finish: await loadStages(stages, settings),
    pooling,
    isBatchDependent,
  });
}

interface PaddedModelParts {
  session: InferenceSession;
  output: ChosenOutput;
  feeds: ReturnType<typeof planInputs>;
  /** Whether rows of single tokens are rows of the model: before a stage they are of another space. */
  givesTokenRows: boolean;
  finish: RowGraph;
  pooling: Pooling;
  isBatchDependent: boolean;
}

/** An ONNX export in memory: batches of token ids in, pooled rows out. */
class PaddedModel implements LoadedModel {
  private readonly parts: PaddedModelParts;

  constructor(parts: PaddedModelParts) {
    this.parts = parts;
  }

  /** @returns rows: row-major [rows, hiddenSize], not normalized; see `rowOffsetsOf`. */
  async run(batch: Batch): Promise<ComputedBatch> {
    if (!this.parts.isBatchDependent) return this.runTogether(batch);
    // Its quantization would let neighbors into a row: every sequence is computed alone, without padding.
    const batchSize = batch.offsets.length - 1;
    const parts: Float32Array[] = [];
    for (let i = 0; i < batchSize; i++) {
      const sequence = batch.tokenIds.subarray(batch.offsets[i], batch.offsets[i + 1]);
      const alone = toBatch([sequence], [batch.perToken?.[i] === 1]);
      parts.push((await this.runTogether(alone)).rows);
    }
    return { rows: joined(parts), computedTokens: batch.tokenIds.length };
  }

  /** As `run`, whatever the neighbors do to a row. */
  async runTogether(batch: Batch): Promise<ComputedBatch> {
    const layout = layOut(batch);
    const { batchSize, longest } = layout;
    const { session, feeds, finish, pooling, givesTokenRows } = this.parts;
    const { name, isPooled } = this.parts.output;
    const output = (await session.run(feeds(batch, layout), [name]))[name];
    if (output === undefined) throw new Error(`the graph returned no ${name}`);
    const leading = isPooled ? [batchSize] : [batchSize, longest];
    // One number for each sequence may come without a dimension of its own.
    const dimensions = isPooled && output.dims.length === 1 ? [...output.dims, 1] : output.dims;
    if (dimensions.slice(0, -1).join() !== leading.join()) {
      throw new Error(`the graph returned ${name} as [${output.dims}] for a batch of ${batchSize} × ${longest}`);
    }
    const values =
      output.type === 'float16' ? fromHalves(output.data as ArrayLike<number>) : (output.data as Float32Array);
    const { perToken } = batch;
    if (perToken !== undefined && !givesTokenRows) throw new Error('this model returns no rows of single tokens');
    const width = values.length / (batchSize * longest);
    const starts = layout.lengths.map((_, i) => i * longest);
    const rows = isPooled ? values : pool(values, width, { ...layout, starts }, pooling, perToken);
    return { rows: await finish(rows), computedTokens: batchSize * longest };
  }
}

/** As long as its parts are: rows of a wrong width are found where the rows of the batch are counted. */
function joined(parts: readonly Float32Array[]): Float32Array {
  const rows = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    rows.set(part, end);
    end += part.length;
  }
  return rows;
}

function layOut({ offsets }: Batch): PaddedLayout {
  const lengths = offsets.slice(1).map((end, i) => end - (offsets[i] as number));
  const longest = lengths.reduce((most, length) => Math.max(most, length), 0);
  const empty = lengths.indexOf(0);
  if (empty >= 0) throw new RangeError(`sequence ${empty} of the batch is empty`);
  return { batchSize: lengths.length, longest, lengths };
}

function partlyOnCpu(
  operators: readonly string[],
  { device, dtype }: EngineSettings,
  exports: OnnxWeights['exports'],
): StartError {
  const others = Object.keys(exports).filter((other) => other !== dtype);
  const remedy = others.length === 0 ? '' : `DTYPE to another one in the folder (${others.join(', ')}), or `;
  return new StartError(
    `On ${device} ONNX Runtime would run part of this model in ${dtype} on the CPU: ${operators.join(', ')}. Set ${remedy}DEVICE=cpu.`,
  );
}
