import { type InferenceSession, Tensor } from 'onnxruntime-node';
import type { Batch } from '../../engine/protocol.ts';
import { StartError } from '../../errors.ts';
import { startOfSecondText, type TokenTypes } from '../pairs/token-types.ts';
import { emptyHalves } from './half-float.ts';

type Metadata = InferenceSession.ValueMetadata;
type TensorMetadata = InferenceSession.TensorValueMetadata;

/** A batch laid out in rows of equal length. */
export interface PaddedLayout {
  batchSize: number;
  /** Slots of each row: the longest sequence. */
  longest: number;
  /** [batchSize] */
  lengths: Int32Array;
}

/** What each slot holds: `position` within its sequence; `tokenId` is undefined in padding. */
type Slot = (position: number, tokenId: number | undefined) => number;
/** The slots of a sequence. */
type Row = (sequence: Int32Array) => Slot;
type Filler = (batch: Batch, layout: PaddedLayout) => Tensor;

const SUPPORTED = 'input_ids, attention_mask, token_type_ids, position_ids, past_key_values.*, use_cache_branch';
const PAST = /^past_key_values\..+$/;

/**
 * Learns from a session's own description how to feed it: which inputs there are, in which types and shapes.
 *
 * @param padTokenId what fills the slots past a sequence's end; the mask hides them.
 * @param tokenTypes where those of a pair turn to 1; null: they do not.
 * @returns a function from a batch to the session's feeds. Sequences are padded on the right; masks and positions come
 * from lengths, never from ids: a client's own pad token is a token.
 * @throws {StartError} for an input hotvec does not know, or cannot fill as declared, naming it.
 */
export function planInputs(
  metadata: readonly Metadata[],
  padTokenId: number,
  tokenTypes: TokenTypes | null = null,
): (batch: Batch, layout: PaddedLayout) => Record<string, Tensor> {
  const fillers = metadata.map((input) => [input.name, fillerFor(input, padTokenId, tokenTypes)] as const);
  if (!metadata.some(({ name }) => name === 'input_ids')) {
    throw new StartError(`The ONNX graph has no input_ids input, but ${metadata.map(({ name }) => name).join(', ')}.`);
  }
  return (batch, layout) => Object.fromEntries(fillers.map(([name, fill]) => [name, fill(batch, layout)]));
}

function fillerFor(input: Metadata, padTokenId: number, tokenTypes: TokenTypes | null): Filler {
  const { name } = input;
  if (!input.isTensor)
    throw new StartError(`The ONNX graph's input ${name} is not a tensor, so hotvec cannot provide it.`);
  if (PAST.test(name)) return emptyPast(input);
  switch (name) {
    case 'input_ids':
      return slots(input, () => (_, tokenId) => tokenId ?? padTokenId);
    case 'attention_mask':
      return slots(input, () => (_, tokenId) => (tokenId === undefined ? 0 : 1));
    case 'token_type_ids':
      return slots(input, (sequence) => typesOf(sequence, tokenTypes));
    case 'position_ids':
      // Slots past the end repeat the last position: they are masked, and it is one that the weights have.
      return slots(input, () => (position) => position);
    case 'use_cache_branch':
      if (input.type !== 'bool') throw wrongType(input, 'bool');
      return () => new Tensor('bool', [false], [1]);
    default:
      throw new StartError(
        `The ONNX graph needs an input ${name}, which hotvec does not know. It provides ${SUPPORTED}.`,
      );
  }
}

function typesOf(sequence: Int32Array, tokenTypes: TokenTypes | null): Slot {
  if (tokenTypes === null) return () => 0;
  const start = startOfSecondText(sequence, tokenTypes);
  return (position, tokenId) => (tokenId !== undefined && position >= start ? 1 : 0);
}

/** A [batch, sequence] input in the integer type that it is declared in. */
function slots(input: TensorMetadata, fillRow: Row): Filler {
  const { type, shape, name } = input;
  const fixed = shape.find((dimension) => typeof dimension === 'number');
  if (shape.length !== 2 || fixed !== undefined) {
    throw new StartError(
      `The ONNX graph takes ${name} as [${shape}]; hotvec expects [batch, sequence], both dynamic. Export it with dynamic axes.`,
    );
  }
  if (type !== 'int64' && type !== 'int32') throw wrongType(input, 'int64 or int32');
  return ({ tokenIds, offsets }, { batchSize, longest, lengths }) => {
    const values = new Int32Array(batchSize * longest);
    for (let row = 0; row < batchSize; row++) {
      const start = offsets[row] as number;
      const length = lengths[row] as number;
      const fillSlot = fillRow(tokenIds.subarray(start, start + length));
      for (let slot = 0; slot < longest; slot++) {
        const isToken = slot < length;
        const position = isToken ? slot : length - 1;
        values[row * longest + slot] = fillSlot(position, isToken ? (tokenIds[start + slot] as number) : undefined);
      }
    }
    const dimensions = [batchSize, longest];
    return type === 'int32'
      ? new Tensor('int32', values, dimensions)
      : new Tensor('int64', BigInt64Array.from(values, BigInt), dimensions);
  };
}

/** The key-value cache of a decoder's export, [batch, heads, 0, head size]: nothing came before. */
function emptyPast(input: TensorMetadata): Filler {
  const { type, shape } = input;
  if (shape.length !== 4 || typeof shape[2] === 'number') {
    throw new StartError(
      `The ONNX graph takes ${input.name} as [${shape}]; hotvec expects [batch, heads, past, head size].`,
    );
  }
  const dimensionsFor = (batchSize: number) =>
    shape.map((dimension, axis) => (typeof dimension === 'number' ? dimension : axis === 0 ? batchSize : 0));
  switch (type) {
    case 'float32':
      return (_, { batchSize }) => new Tensor('float32', new Float32Array(0), dimensionsFor(batchSize));
    case 'float16':
      return (_, { batchSize }) => new Tensor('float16', emptyHalves(), dimensionsFor(batchSize));
    default:
      throw wrongType(input, 'float32 or float16');
  }
}

function wrongType({ name, type }: TensorMetadata, wanted: string): StartError {
  return new StartError(`The ONNX graph takes ${name} as ${type}; hotvec provides ${wanted}.`);
}
