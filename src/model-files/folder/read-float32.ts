import type { TensorLocation } from './safetensors.ts';

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

/** The number that the bits of a float16 stand for; exact. IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
