import path from 'node:path';
import { messageOf, StartError } from '../../errors.ts';
import { refuseLfsPointer } from '../../model-files/folder/lfs-pointer.ts';
import { type Int8Tensor, readInt8Tensor } from './int8-tensors.ts';
import { type ProtobufField, ProtobufFile } from './protobuf-file.ts';

/** What a graph file says of itself, found without loading it. */
export interface OnnxFacts {
  /** Operator types used anywhere in it, subgraphs and functions included. */
  operators: Set<string>;
  /** Version of ONNX's own operators; 1 where the file does not say. */
  opset: number;
  /** Constants of signed bytes, single ones left out: these are zero points. */
  int8Tensors: Int8Tensor[];
  /** Files that hold its weights, as it names them: relative to its own folder. */
  dataLocations: Set<string>;
  /** Names of its inputs; in old files of its constants, too. */
  inputs: Set<string>;
  /** Output name to its dimensions; null for one that is known only at a run. */
  outputs: Map<string, (number | null)[]>;
}

/** Field numbers of onnx.proto3 that lead to other messages, by message. Others are skipped unread. */
const NESTED: Record<string, Record<number, string>> = {
  model: { 7: 'graph', 8: 'opset', 25: 'function' },
  graph: { 1: 'node', 5: 'tensor', 11: 'input', 12: 'output' },
  function: { 7: 'node' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'subgraph', 10: 'tensor', 11: 'subgraph' },
  subgraph: { 1: 'node', 5: 'tensor' },
};
const NODE_OPERATOR = 4;
const OPSET = { domain: 1, version: 2 };
const TENSOR_EXTERNAL_DATA = 13;
const ENTRY = { key: 1, value: 2 };
const VALUE_INFO = { name: 1, type: 2 };
/** TypeProto.tensor_type, its shape, the shape's dimensions: the way to a dimension's size. */
const TYPE_TO_DIMENSION = [1, 2, 1];
const DIMENSION_VALUE = 1;

/** @throws {StartError} for a file that is not an ONNX graph. */
export function readOnnxFacts(file: string): OnnxFacts {
  const facts: OnnxFacts = {
    operators: new Set(),
    opset: 1,
    int8Tensors: [],
    dataLocations: new Set(),
    inputs: new Set(),
    outputs: new Map(),
  };
  const reader = new ProtobufFile(file);
  try {
    walk(reader, 'model', reader.fields(), facts);
    if (facts.outputs.size === 0) throw new RangeError('it has no graph');
    return facts;
  } catch (error) {
    refuseLfsPointer(path.dirname(file), path.basename(file));
    throw new StartError(
      `${path.basename(file)} is not an ONNX graph (${messageOf(error)}). Download it again, or remove it.`,
    );
  } finally {
    reader.close();
  }
}

function walk(reader: ProtobufFile, message: string, fields: Iterable<ProtobufField>, facts: OnnxFacts): void {
  for (const field of fields) {
    if (message === 'node' && field.number === NODE_OPERATOR) facts.operators.add(reader.text(field));
    const nested = field.wireType === 2 ? NESTED[message]?.[field.number] : undefined;
    if (nested === undefined) continue;
    const inside = reader.fields(field.start, field.end);
    if (nested === 'tensor') readTensor(reader, [...inside], facts);
    else if (nested === 'opset') readOpset(reader, [...inside], facts);
    else if (nested === 'input') facts.inputs.add(readName(reader, [...inside]));
    else if (nested === 'output') readOutput(reader, [...inside], facts);
    else walk(reader, nested, inside, facts);
  }
}

/** TensorProto: where its bytes lie, unread. */
function readTensor(reader: ProtobufFile, fields: ProtobufField[], facts: OnnxFacts): void {
  const entries = fields.filter(({ number }) => number === TENSOR_EXTERNAL_DATA);
  const external = new Map(entries.map((entry) => readEntry(reader, entry)));
  const location = external.get('location');
  if (location !== undefined) facts.dataLocations.add(location);
  facts.int8Tensors.push(...readInt8Tensor(reader.file, fields, external));
}

/** StringStringEntryProto */
function readEntry(reader: ProtobufFile, entry: ProtobufField): [key: string, value: string] {
  const fields = [...reader.fields(entry.start, entry.end)];
  const text = (number: number) => fields.filter((field) => field.number === number).map((field) => reader.text(field));
  return [text(ENTRY.key)[0] ?? '', text(ENTRY.value)[0] ?? ''];
}

/** OperatorSetIdProto: without a domain, or with an empty one, ONNX's own. */
function readOpset(reader: ProtobufFile, fields: ProtobufField[], facts: OnnxFacts): void {
  const domain = fields.find(({ number }) => number === OPSET.domain);
  if (domain !== undefined && reader.text(domain) !== '') return;
  facts.opset = fields.find(({ number }) => number === OPSET.version)?.value ?? facts.opset;
}

function readOutput(reader: ProtobufFile, fields: ProtobufField[], facts: OnnxFacts): void {
  let level = fields.filter(({ number }) => number === VALUE_INFO.type);
  for (const wanted of TYPE_TO_DIMENSION) {
    level = level.flatMap(({ start, end }) => [...reader.fields(start, end)].filter(({ number }) => number === wanted));
  }
  const shape = level.map(({ start, end }) => {
    const size = [...reader.fields(start, end)].find(({ number }) => number === DIMENSION_VALUE);
    return size?.value ?? null;
  });
  facts.outputs.set(readName(reader, fields), shape);
}

/** Of a ValueInfoProto. */
function readName(reader: ProtobufFile, fields: ProtobufField[]): string {
  const name = fields.find(({ number }) => number === VALUE_INFO.name);
  return name === undefined ? '' : reader.text(name);
}
