import { StartError } from '../../errors.ts';
import type { TensorLocation } from '../../model-files/folder/safetensors.ts';
import { ElementType, type OnnxGraph } from './onnx-graph.ts';

/** Element types of safetensors, as ONNX names them. */
export const STORED_TYPE = { F32: ElementType.float32, F16: ElementType.float16, BF16: ElementType.bfloat16 } as const;

export interface GraphWeightsOptions {
  /** Tensor name to its place. */
  tensors: Readonly<Record<string, TensorLocation>>;
  /** Names a weight file inside the session's data folder. */
  fileName: (location: { file: string }) => string;
  /** Tensors that a checkpoint may have and the graph does not need. */
  ignored: RegExp;
}

/**
 * The weights of a model as constants of a graph that hotvec writes: each stays where it is in its safetensors file, is
 * checked against the shape that config.json calls for, and none may be left over.
 */
export class GraphWeights {
  private readonly graph: OnnxGraph;
  private readonly options: GraphWeightsOptions;
  private readonly unused: Set<string>;

  constructor(graph: OnnxGraph, options: GraphWeightsOptions) {
    this.graph = graph;
    this.options = options;
    this.unused = new Set(Object.keys(options.tensors).filter((name) => !options.ignored.test(name)));
  }

  has(name: string): boolean {
    return this.options.tensors[name] !== undefined;
  }

  /**
   * Counts a tensor as used.
   * @throws {StartError} for one that is missing, or of another shape.
   */
  check(name: string, shape: readonly number[]): TensorLocation {
    const tensor = this.options.tensors[name];
    this.unused.delete(name);
    if (tensor === undefined) throw new StartError(`The weights have no tensor ${name}, which config.json calls for.`);
    if (tensor.shape.join() !== shape.join()) {
      throw new StartError(`Tensor ${name} is [${tensor.shape}]; config.json says [${shape}].`);
    }
    return tensor;
  }

  /**
   * The tensor in its own precision, for lookups: a cast of a whole table would double the largest tensor.
   * @throws {StartError} as `check`.
   */
  stored(name: string, shape: readonly number[]): { value: string; type: ElementType } {
    const tensor = this.check(name, shape);
    const type = STORED_TYPE[tensor.dtype];
    const { offset, byteLength } = tensor;
    const data = { file: this.options.fileName(tensor), offset, byteLength };
    return { value: this.graph.externalConstant(name, type, shape, data), type };
  }

  /**
   * The tensor in the precision asked for; ONNX Runtime folds the cast into the constant at load.
   * @throws {StartError} as `check`.
   */
  constant(name: string, shape: readonly number[], type: ElementType = ElementType.float32): string {
    const { value, type: from } = this.stored(name, shape);
    return this.graph.cast(value, from, type);
  }

  /**
   * Some rows of a tensor, [count, …] float32.
   * @param shape of the whole tensor.
   * @throws {StartError} as `check`.
   */
  rows(name: string, shape: readonly number[], first: number, count: number): string {
    return this.slice(name, this.check(name, shape), first, count);
  }

  /**
   * One row of a matrix, [1, width] float32.
   * @throws {StartError} for a tensor that is missing or has no such row; the text says what it is for.
   */
  row(name: string, index: number, width: number, purpose: string): string {
    const tensor = this.options.tensors[name];
    this.unused.delete(name);
    if (tensor === undefined) throw new StartError(`The weights have no tensor ${name}, ${purpose}.`);
    const [rows = 0, columns] = tensor.shape;
    if (tensor.shape.length !== 2 || columns !== width || index >= rows) {
      throw new StartError(`Tensor ${name} is [${tensor.shape}] and has no row ${index} of ${width} numbers.`);
    }
    return this.slice(name, tensor, index, 1);
  }

  private slice(name: string, tensor: TensorLocation, first: number, count: number): string {
    const { shape, dtype, offset } = tensor;
    const [rows = 0, ...rest] = shape;
    const rowBytes = tensor.byteLength / rows;
    const file = this.options.fileName(tensor);
    const place = { file, offset: offset + first * rowBytes, byteLength: count * rowBytes };
    const type = STORED_TYPE[dtype];
    const sliced = this.graph.externalConstant(`${name}[${first}+${count}]`, type, [count, ...rest], place);
    return this.graph.cast(sliced, type, ElementType.float32);
  }

  /** @throws {StartError} naming a tensor that the graph did not use: it and config.json do not belong together. */
  assertAllUsed(): void {
    const [left] = this.unused;
    if (left === undefined) return;
    throw new StartError(
      `The weights have a tensor ${left}, which config.json does not provide for: the two do not belong together.`,
    );
  }
}
