import { fromHalf } from '../../model-files/folder/read-float32.ts';

/**
 * Whether this Node has Float16Array (24 and later). ONNX Runtime then gives and takes it; before, float16 comes as the
 * bits in a Uint16Array.
 */
const Float16Array: (new (length: number) => ArrayLike<number> & ArrayBufferView) | undefined = (
  globalThis as { Float16Array?: new (length: number) => ArrayLike<number> & ArrayBufferView }
).Float16Array;

/** An array for a float16 tensor without elements. */
export function emptyHalves(): Uint16Array {
  return (Float16Array === undefined ? new Uint16Array(0) : new Float16Array(0)) as Uint16Array;
}

/** float16 values, as ONNX Runtime gives them, in float32. Exact. */
export function fromHalves(halves: ArrayLike<number>): Float32Array {
  if (!(halves instanceof Uint16Array)) return Float32Array.from(halves);
  const values = new Float32Array(halves.length);
  for (let i = 0; i < values.length; i++) values[i] = fromHalf(halves[i] as number);
  return values;
}
