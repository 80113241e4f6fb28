import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sessionOptions } from '../../engine/process/session-options.ts';
import type { EngineSettings } from '../../engine/protocol.ts';

/** Names of what such a graph reads and gives, both float32: [R, in] → [R, out]. */
export const ROWS = 'rows';
export const RESULT = 'result';

/** Pooled rows to others, row-major: [rows, in] → [rows, out]. */
export type RowGraph = (rows: Float32Array) => Promise<Float32Array>;

export interface RowGraphOptions {
  /** Numbers in a row that goes in. */
  width: number;
  weightsFolder: string;
  settings: EngineSettings;
}

/**
 * Loads what is done with pooled rows. It is computed on the CPU in float32, whatever the model is: pooled rows are few, and
 * on the CPU already. A row comes out the same to the bit alone and among others: for that the matrices are prepacked
 * always. From others ONNX Runtime takes the terms of a sum in steps whose size depends on how it divides the work, and that
 * on the number of rows.
 */
export async function loadRowGraph(
  graph: Uint8Array,
  { width, weightsFolder, settings }: RowGraphOptions,
): Promise<RowGraph> {
  const options = sessionOptions({ ...settings, device: 'cpu', prepacking: true }, { weightsFolder });
  const session = await InferenceSession.create(graph, options);
  return async (rows) => {
    const input = new Tensor('float32', rows, [rows.length / width, width]);
    return (await session.run({ [ROWS]: input }))[RESULT]?.data as Float32Array;
  };
}
