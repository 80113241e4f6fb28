import type { Dtype } from '../model-files/manifest.ts';

/**
 * How close to float32 in PyTorch a precision comes: `single` within rounding; `half` in the third digit; `quantized` less.
 */
export type PrecisionClass = 'single' | 'half' | 'quantized';

const SINGLE: readonly Dtype[] = ['fp32', 'O1', 'O2'];
/** `O3` and, as a rule, `optimized` compute in float32 too, but approximate GELU; `O4` is float16. */
const HALF: readonly Dtype[] = ['bf16', 'fp16', 'O3', 'optimized', 'O4'];

export function precisionClass(dtype: Dtype): PrecisionClass {
  if (SINGLE.includes(dtype)) return 'single';
  return HALF.includes(dtype) ? 'half' : 'quantized';
}
