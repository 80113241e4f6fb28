import type { Dtype, ModelManifest } from '../model-files/manifest.ts';

/**
 * What crosses the process boundary: plain data over `child_process` IPC with structured clone (`serialization:
 * 'advanced'`), so typed arrays travel as bytes. Every message names its protocol version and the epoch of the engine
 * process it belongs to: an answer of a process that was given up is recognized and dropped.
 */
export const PROTOCOL_VERSION = 4;

/** A batch of token sequences, laid end to end. */
export interface Batch {
  /** All sequences, one after the other, special tokens included. */
  tokenIds: Int32Array;
  /** [batch size + 1] start of each sequence in `tokenIds`; the last entry is its length. */
  offsets: Int32Array;
  /** [batch size] 1: a row of each token of the sequence is requested; 0: one pooled row. Default: 0 for all. */
  perToken?: Uint8Array | undefined;
}

/** Lays sequences end to end, as a batch. */
export function toBatch(sequences: readonly ArrayLike<number>[], perToken: readonly boolean[] = []): Batch {
  const offsets = new Int32Array(sequences.length + 1);
  for (const [i, sequence] of sequences.entries()) offsets[i + 1] = (offsets[i] as number) + sequence.length;
  const tokenIds = new Int32Array(offsets[sequences.length] as number);
  for (const [i, sequence] of sequences.entries()) tokenIds.set(sequence, offsets[i]);
  return { tokenIds, offsets, ...(perToken.includes(true) ? { perToken: Uint8Array.from(perToken, Number) } : {}) };
}

/** [batch size + 1] where the rows of each sequence begin among those of the batch; the last entry is their number. */
export function rowOffsetsOf({ offsets, perToken }: Pick<Batch, 'offsets' | 'perToken'>): Int32Array {
  const starts = new Int32Array(offsets.length);
  for (let i = 1; i < offsets.length; i++) {
    const rows = perToken?.[i - 1] === 1 ? (offsets[i] as number) - (offsets[i - 1] as number) : 1;
    starts[i] = (starts[i - 1] as number) + rows;
  }
  return starts;
}

/** Row `index` of a row-major matrix, as a view. */
export function rowAt(rows: Float32Array, index: number, width: number): Float32Array {
  return rows.subarray(index * width, (index + 1) * width);
}

export interface BatchResult {
  /** Row-major [rows, hiddenSize]: pooled rows, or those of tokens, in the order sent, not normalized; see `rowOffsetsOf`. */
  rows: Float32Array;
  /** Token rows the engine computed. Packed: tokens less shared prefixes; padded: tokens and padding. */
  computedTokens: number;
  /** Milliseconds from taking up the batch to its rows. */
  inferMilliseconds: number;
}

/** Execution providers of ONNX Runtime that hotvec uses. */
export type Device = 'cpu' | 'cuda' | 'webgpu';

export interface EngineSettings {
  device: Device;
  /** Which of several devices of that kind. */
  deviceId: number;
  dtype: Dtype;
  /** Threads of a matrix product; 0 = one per physical core. */
  threads: number;
  /** Longest sequence that will be sent. */
  maxTokens: number;
  /** Most unique tokens that will be sent in a batch of several sequences. */
  maxBatchTokens: number;
  /** Whether ONNX Runtime re-lays the weights for speed at load (more memory, slower start). */
  prepacking: boolean;
  /** Whether the device is refused unless it is faster than the CPU: where hotvec chooses it, not the operator. */
  mustBeatCpu: boolean;
}

/** How long a batch took. */
export interface BatchTime {
  /** Rows computed. */
  tokens: number;
  milliseconds: number;
}

/** The batch size that suits device and model, and how it was found. */
export interface Calibration {
  /** The smallest batch that reaches 90 % of the best pace, in unique (packed) or padded tokens. */
  batchTokens: number;
  /** `estimated`: measuring would have taken too long, and the size is what fills such a device by arithmetic. */
  basis: 'measured' | 'estimated';
  /** What a batch of that size takes. */
  batchMilliseconds: number;
  /** What the calibration took. */
  milliseconds: number;
  /** Best time of each size that was measured. */
  curve: BatchTime[];
}

/** What the engine process found out before it called itself ready. */
export interface EngineInfo {
  /** Execution provider really in use. */
  device: Device;
  dtype: Dtype;
  loadMilliseconds: number;
  /** The best pace measured before the engine called itself ready. */
  tokensPerSecond: number;
  calibration: Calibration;
  /** Lowest cosine between a canary vector and its reference. */
  canaryCosine: number;
  /** Largest difference of a component between a canary vector and its reference. */
  canaryDifference: number;
  /** Cosines of the canary's pairs, [queries][documents]; null where it has none. */
  canaryScores: number[][] | null;
}

interface Envelope {
  version: typeof PROTOCOL_VERSION;
  epoch: number;
}

export type ToEngine = Envelope &
  (
    | {
        kind: 'load';
        manifest: ModelManifest;
        settings: EngineSettings;
        parentProcessId: number;
        /** What an earlier process of this device found; null for the first. */
        calibration: Calibration | null;
      }
    | ({ kind: 'batch'; batchId: number } & Batch)
    /** Is anybody there? Asked of an idle process. */
    | { kind: 'ping' }
    /** Prove once more that vectors come out right. */
    | { kind: 'canary' }
    | { kind: 'shutdown' }
  );

export type FromEngine = Envelope &
  (
    | { kind: 'ready'; info: EngineInfo }
    | { kind: 'load_failed'; message: string }
    | ({ kind: 'rows'; batchId: number; residentBytes: number } & BatchResult)
    | { kind: 'batch_failed'; batchId: number; message: string }
    | { kind: 'pong' }
    | { kind: 'canary_passed' }
    | { kind: 'canary_failed'; message: string }
  );

/** A message without its envelope. */
export type Unaddressed<Message> = Message extends Envelope ? Omit<Message, keyof Envelope> : never;
