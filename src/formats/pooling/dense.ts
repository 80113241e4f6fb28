import { closeSync, openSync, readSync } from 'node:fs';
import { readFloat32 } from '../../model-files/folder/read-float32.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import type { DenseLayer } from './dense-layers.ts';

/** Rows through one Dense module: row-major [rows, inFeatures] → [rows, outFeatures]. */
export type Dense = (rows: Float32Array) => Float32Array;

/** Loads sentence_transformers.models.Dense: row ← activation(row · weightᵀ + bias). */
export function loadDense({ weight, bias, activation }: DenseLayer): Dense {
  const [outFeatures = 0, inFeatures = 0] = weight.shape;
  const matrix = readTensor(weight);
  const offset = bias === null ? new Float32Array(outFeatures) : readTensor(bias);
  const activate = ACTIVATIONS[activation];
  return (rows) => {
    const batchSize = rows.length / inFeatures;
    const result = new Float32Array(batchSize * outFeatures);
    for (let i = 0; i < batchSize; i++) {
      for (let j = 0; j < outFeatures; j++) {
        let sum = offset[j] as number;
        for (let k = 0; k < inFeatures; k++) {
          sum += (rows[i * inFeatures + k] as number) * (matrix[j * inFeatures + k] as number);
        }
        result[i * outFeatures + j] = activate(sum);
      }
    }
    return result;
  };
}

const ACTIVATIONS: Record<DenseLayer['activation'], (x: number) => number> = {
  identity: (x) => x,
  tanh: Math.tanh,
  relu: (x) => Math.max(0, x),
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  gelu: (x) => (x * (1 + errorFunction(x / Math.SQRT2))) / 2,
};

/** Abramowitz and Stegun 7.1.26: within 1.5e-7, about what float32 can tell apart. */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  return Math.sign(x) * (1 - polynomial * Math.exp(-x * x));
}

/** A tensor of a safetensors file in float32. */
function readTensor({ file, dtype, offset, byteLength }: TensorLocation): Float32Array {
  // A buffer of its own: its start is aligned.
  const bytes = new Uint8Array(new ArrayBuffer(byteLength));
  const descriptor = openSync(file, 'r');
  try {
    for (let read = 0; read < byteLength; ) {
      const count = readSync(descriptor, bytes, read, byteLength - read, offset + read);
      if (count === 0) throw new Error(`${file} ended ${byteLength - read} bytes early`);
      read += count;
    }
  } finally {
    closeSync(descriptor);
  }
  return readFloat32(bytes, dtype);
}
