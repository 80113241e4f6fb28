import type { Dtype } from '../../model-files/manifest.ts';

/** What the packed path makes of safetensors, on one device or another. */
export const PACKED_DTYPES: readonly Dtype[] = ['fp32', 'bf16', 'fp16', 'int8'];

/** Whether safetensors will do for `dtype`; also for `auto`. */
export function isPackedDtype(dtype: Dtype | 'auto'): boolean {
  return dtype === 'auto' || PACKED_DTYPES.includes(dtype);
}
