import { ProtobufWriter } from './protobuf-writer.ts';

/** TensorProto.DataType values of the ONNX specification (onnx/onnx.proto3). */
export const ElementType = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, float16: 10, bfloat16: 16 } as const;
export type ElementType = (typeof ElementType)[keyof typeof ElementType];

/** A dimension: a size, or the name of one that is known only when a batch is fed. */
export type Dimension = number | string;
export type Attribute =
  | { int: number }
  | { float: number }
  | { ints: readonly number[] }
  | { string: string }
  | { graph: OnnxGraph };

/**
 * Where an initializer's bytes are: `byteLength` bytes at `offset` of `file`, a name inside the session's data folder.
 */
export interface ExternalData {
  file: string;
  offset: number;
  byteLength: number;
}

// Field numbers of onnx.proto3, by message.
const MODEL = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 };
const OPSET = { domain: 1, version: 2 };
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = { name: 1, float: 2, int: 3, string: 4, graph: 6, ints: 8, type: 20 };
const ATTRIBUTE_TYPE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 };
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9, externalData: 13, dataLocation: 14 };
const STRING_ENTRY = { key: 1, value: 2 };
const VALUE_INFO = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR_TYPE = { elementType: 1, shape: 2 };
const SHAPE = { dimension: 1 };
const DIMENSION = { value: 1, name: 2 };

/**
 * Builds an ONNX model, node by node, and serializes it. Every method returns the name of the value it made, so that
 * the calling code reads like the arithmetic it writes down.
 */
export class OnnxGraph {
  private readonly body = new ProtobufWriter();
  private readonly shared = new Set<string>();
  private nodeCount = 0;
  /** The graph that this one is a part of; itself. Inputs and constants are its, and names unique in it. */
  private readonly whole: OnnxGraph;

  constructor(name: string, whole?: OnnxGraph) {
    this.whole = whole ?? this;
    this.body.string(GRAPH.name, name);
  }

  input(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.whole.body.message(GRAPH.input, (info) => writeValueInfo(info, name, type, shape));
    return name;
  }

  output(name: string, type: ElementType, shape: readonly Dimension[]): string {
    this.body.message(GRAPH.output, (info) => writeValueInfo(info, name, type, shape));
    return name;
  }

  /** A constant whose values are written into the graph file. `data`: little-endian, row-major. */
  constant(
    name: string,
    type: ElementType,
    shape: readonly number[],
    data: Float32Array | Int32Array | BigInt64Array | Uint8Array,
  ): string {
    this.whole.body.message(GRAPH.initializer, (tensor) => {
      writeTensorHeader(tensor, name, type, shape);
      tensor.bytes(TENSOR.rawData, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    });
    return name;
  }

  /** A constant whose values stay in the file they are in. */
  externalConstant(name: string, type: ElementType, shape: readonly number[], data: ExternalData): string {
    this.whole.body.message(GRAPH.initializer, (tensor) => {
      writeTensorHeader(tensor, name, type, shape);
      const entries = { location: data.file, offset: String(data.offset), length: String(data.byteLength) };
      for (const [key, value] of Object.entries(entries)) {
        tensor.message(TENSOR.externalData, (entry) =>
          entry.string(STRING_ENTRY.key, key).string(STRING_ENTRY.value, value),
        );
      }
      tensor.integer(TENSOR.dataLocation, 1);
    });
    return name;
  }

  /**
   * Adds one operator. `inputs`: value names in the operator's order, '' for an optional one left out.
   * `outputs`: names for its results; left out, one is made up. Returns the first result's name.
   */
  node(
    opType: string,
    inputs: readonly string[],
    options: { domain?: string; attributes?: Record<string, Attribute>; outputs?: readonly string[] } = {},
  ): string {
    const name = `${opType}_${this.whole.nodeCount++}`;
    const outputs = options.outputs ?? [name];
    this.body.message(GRAPH.node, (node) => {
      for (const input of inputs) node.string(NODE.input, input);
      for (const output of outputs) node.string(NODE.output, output);
      node.string(NODE.name, name).string(NODE.opType, opType);
      if (options.domain !== undefined) node.string(NODE.domain, options.domain);
      for (const [key, attribute] of Object.entries(options.attributes ?? {})) {
        node.message(NODE.attribute, (message) => {
          message.string(ATTRIBUTE.name, key);
          if ('int' in attribute) {
            message.integer(ATTRIBUTE.int, attribute.int).integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.int);
          } else if ('ints' in attribute) {
            for (const value of attribute.ints) message.integer(ATTRIBUTE.ints, value);
            message.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.ints);
          } else if ('string' in attribute) {
            message.string(ATTRIBUTE.string, attribute.string).integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.string);
          } else if ('graph' in attribute) {
            message.bytes(ATTRIBUTE.graph, attribute.graph.body.finish());
            message.integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.graph);
          } else {
            message.float(ATTRIBUTE.float, attribute.float).integer(ATTRIBUTE.type, ATTRIBUTE_TYPE.float);
          }
        });
      }
    });
    return outputs[0] ?? name;
  }

  /**
   * Adds an `If`: one of two parts of the graph is computed. Their nodes may read every value that was made before.
   * @param condition bool, one value.
   * @param parts each writes its nodes and returns its result, float32 of `shape`.
   */
  either(
    condition: string,
    parts: { whenTrue: (part: OnnxGraph) => string; whenFalse: (part: OnnxGraph) => string },
    shape: readonly Dimension[],
  ): string {
    const branch = (write: (part: OnnxGraph) => string) => {
      const part = new OnnxGraph(`part_${this.whole.nodeCount++}`, this.whole);
      part.output(write(part), ElementType.float32, shape);
      return { graph: part };
    };
    const attributes = { then_branch: branch(parts.whenTrue), else_branch: branch(parts.whenFalse) };
    return this.node('If', [condition], { attributes });
  }

  /** `value` in another element type; itself where it is in that already. */
  cast(value: string, from: ElementType, to: ElementType): string {
    return from === to ? value : this.node('Cast', [value], { attributes: { to: { int: to } } });
  }

  /** A constant of int64, one for every list of numbers. */
  int64s(values: readonly number[]): string {
    const name = `int64_${values.join('_')}`;
    if (!this.whole.shared.has(name)) {
      this.whole.shared.add(name);
      this.constant(name, ElementType.int64, [values.length], BigInt64Array.from(values.map(BigInt)));
    }
    return name;
  }

  /** A constant of one float32, [1]; one for every number. */
  number(value: number): string {
    const name = `number_${value}`;
    if (!this.whole.shared.has(name)) {
      this.whole.shared.add(name);
      this.constant(name, ElementType.float32, [1], Float32Array.of(value));
    }
    return name;
  }

  /** The same values in another shape; −1: whatever is left. */
  reshape(value: string, shape: readonly number[]): string {
    return this.node('Reshape', [value, this.int64s(shape)]);
  }

  /** The whole model file. `opsets`: domain ('' is ONNX's own) → version. */
  serialize(opsets: Record<string, number>): Uint8Array {
    const model = new ProtobufWriter();
    model.integer(MODEL.irVersion, 10).string(MODEL.producerName, 'hotvec');
    model.bytes(MODEL.graph, this.body.finish());
    for (const [domain, version] of Object.entries(opsets)) {
      model.message(MODEL.opsetImport, (opset) => opset.string(OPSET.domain, domain).integer(OPSET.version, version));
    }
    return model.finish();
  }
}

function writeTensorHeader(tensor: ProtobufWriter, name: string, type: ElementType, shape: readonly number[]): void {
  for (const size of shape) tensor.integer(TENSOR.dims, size);
  tensor.integer(TENSOR.dataType, type).string(TENSOR.name, name);
}

function writeValueInfo(info: ProtobufWriter, name: string, type: ElementType, shape: readonly Dimension[]): void {
  info.string(VALUE_INFO.name, name).message(VALUE_INFO.type, (typeMessage) =>
    typeMessage.message(TYPE.tensor, (tensor) => {
      tensor.integer(TENSOR_TYPE.elementType, type).message(TENSOR_TYPE.shape, (shapeMessage) => {
        for (const dimension of shape) {
          shapeMessage.message(SHAPE.dimension, (message) =>
            typeof dimension === 'number'
              ? message.integer(DIMENSION.value, dimension)
              : message.string(DIMENSION.name, dimension),
          );
        }
      });
    }),
  );
}
