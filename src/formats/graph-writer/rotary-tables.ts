/**
 * The rotary embedding's tables, in the float32 steps that transformers takes (`Qwen3RotaryEmbedding`): at thousands of
 * positions the rounding of `position × inverse frequency` is larger than the tolerance of the vectors.
 *
 * @returns cos and sin, row-major [positions, headDim / 2].
 */
export function rotaryTables(
  positions: number,
  headDim: number,
  theta: number,
): { cos: Float32Array<ArrayBuffer>; sin: Float32Array<ArrayBuffer> } {
  const half = headDim / 2;
  const inverseFrequency = new Float32Array(half);
  for (let i = 0; i < half; i++) {
    inverseFrequency[i] = 1 / Math.fround(theta ** Math.fround((2 * i) / headDim));
  }
  const cos = new Float32Array(positions * half);
  const sin = new Float32Array(positions * half);
  for (let position = 0; position < positions; position++) {
    for (let i = 0; i < half; i++) {
      const angle = Math.fround(position * (inverseFrequency[i] as number));
      cos[position * half + i] = Math.cos(angle);
      sin[position * half + i] = Math.sin(angle);
    }
  }
  return { cos, sin };
}
