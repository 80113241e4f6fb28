/**
 * The inverse frequencies of a rotary embedding, in the float32 steps that transformers takes (`Qwen3RotaryEmbedding`).
 * @returns [headDim / 2]
 */
export function inverseFrequencies(headDim: number, theta: number): Float32Array {
  return Float32Array.from({ length: headDim / 2 }, (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / headDim)));
}

/**
 * The rotary embedding's tables, in float32 steps, too: at thousands of positions the rounding of
 * `position × inverse frequency` is larger than the tolerance of the vectors.
 *
 * @param frequencies inverse, [headDim / 2].
 * @returns cos and sin, row-major [positions, headDim / 2].
 */
export function rotaryTables(
  positions: number,
  frequencies: Float32Array,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = frequencies.length;
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * (frequencies[i] as number));
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
