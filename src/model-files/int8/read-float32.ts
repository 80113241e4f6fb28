import { fromHalf } from '../folder/from-half.ts';
import type { TensorLocation } from '../folder/safetensors.ts';

/**
 * Little-endian values of a safetensors tensor as float32; exact.
 * @param bytes begins at an element.
 */
export function readFloat32(bytes: Uint8Array, dtype: TensorLocation['dtype']): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  const values = new Float32Array(halves.length);
  if (dtype === 'BF16') {
    // The upper half of a float32.
    const bits = new Uint32Array(values.buffer);
    for (let i = 0; i < bits.length; i++) bits[i] = (halves[i] as number) << 16;
  } else {
    for (let i = 0; i < values.length; i++) values[i] = fromHalf(halves[i] as number);
  }
  return values;
}
