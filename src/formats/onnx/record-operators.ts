import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { messageOf, StartError } from '../../errors.ts';

/** One tensor of an operator: its element type, as ONNX Runtime names it, and its dimensions. */
export interface TensorShape {
  type: string;
  dimensions: number[];
}

/** One operator that ran, of the graph as ONNX Runtime rewrote and divided it. */
export interface RecordedOperator {
  /** Where it ran: `CPUExecutionProvider`, `WebGpuExecutionProvider`, `CUDAExecutionProvider`. */
  provider: string;
  /** Its type, like `MatMul`. */
  operator: string;
  inputs: TensorShape[];
  /** Bytes of those inputs that were computed or fed, weights not counted. */
  activationBytes: number;
}

type Profiling = Pick<InferenceSession.SessionOptions, 'enableProfiling' | 'profileFilePrefix'>;

/**
 * Loads a session under ONNX Runtime's profiler, the only place where it tells which operator ran where, and runs it
 * once. Afterwards the profiler is off and its file is gone; the session serves like any other.
 *
 * @param load makes the session, with these options among its own.
 * @param run runs a batch on it.
 * @throws {StartError} if there is no folder for the profile, or nothing to read in it.
 */
export async function recordOperators<T>(
  load: (profiling: Profiling) => Promise<InferenceSession>,
  run: (session: InferenceSession) => Promise<T>,
): Promise<{ operators: RecordedOperator[]; result: T }> {
  const folder = createFolder();
  try {
    const session = await load({ enableProfiling: true, profileFilePrefix: path.join(folder, 'profile') });
    // The profile is written, and its file closed, when profiling ends.
    const result = await run(session).finally(() => session.endProfiling());
    return { operators: readProfile(folder), result };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function createFolder(): string {
  try {
    return mkdtempSync(path.join(tmpdir(), 'hotvec-profile-'));
  } catch (error) {
    throw new StartError(
      `hotvec reads from a temporary file which device ONNX Runtime uses, but it cannot be written: ${messageOf(error)}. Set TMPDIR to a writable folder.`,
    );
  }
}

function readProfile(folder: string): RecordedOperator[] {
  try {
    // ONNX Runtime adds the time of day to the name.
    const [file] = readdirSync(folder);
    const operators = parseProfile(readFileSync(path.join(folder, file ?? ''), 'utf8'));
    if (operators.length === 0) throw new Error('it names no operator');
    return operators;
  } catch (error) {
    throw new StartError(
      `The device that ONNX Runtime uses cannot be read from its profile in ${folder} (${messageOf(error)}). Is the disk full? DEVICE=cpu needs no profile.`,
    );
  }
}

interface TraceEvent {
  cat: string;
  args?: {
    provider?: string;
    op_name: string;
    /** [{"float":[2,4,32]}, …] */
    input_type_shape: Record<string, number[]>[];
    /** Bytes, written as a string. */
    activation_size: string;
  };
}

/** @param text the JSON that ONNX Runtime's profiler writes: an array of trace events. */
export function parseProfile(text: string): RecordedOperator[] {
  const events = JSON.parse(text) as TraceEvent[];
  return events.flatMap(({ cat, args }) => {
    if (cat !== 'Node' || args?.provider === undefined) return [];
    const inputs = args.input_type_shape.flatMap((input) =>
      Object.entries(input).map(([type, dimensions]) => ({ type, dimensions })),
    );
    return {
      provider: args.provider,
      operator: args.op_name,
      inputs,
      activationBytes: Number(args.activation_size),
    };
  });
}
