import type { TensorLocation } from './safetensors.ts';

/** What each pattern of 16 bits stands for as a float16: made at the first use, since few models are in it. */
let halves: Float32Array | undefined;

/**
 * Little-endian values of a safetensors tensor as float32; exact.
 * @param bytes begins at an element of the buffer.
 * @param values has room for them.
 */
export function readFloat32(bytes: Uint8Array, dtype: TensorLocation['dtype'], values: Float32Array): void {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') {
    values.set(new Float32Array(buffer, byteOffset, byteLength / 4));
    return;
  }
  const stored = new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (dtype === 'BF16') {
    // The upper half of a float32.
    const bits = new Uint32Array(values.buffer, values.byteOffset);
    for (let i = 0; i < stored.length; i++) bits[i] = (stored[i] as number) << 16;
  } else {
    halves ??= Float32Array.from({ length: 2 ** 16 }, (_, pattern) => fromHalf(pattern));
    for (let i = 0; i < stored.length; i++) values[i] = halves[stored[i] as number] as number;
  }
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
