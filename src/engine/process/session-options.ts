import { availableParallelism } from 'node:os';
import type { InferenceSession } from 'onnxruntime-node';
import { isLimited } from '../cores.ts';
import type { EngineSettings } from '../protocol.ts';

type Settings = Pick<EngineSettings, 'device' | 'deviceId' | 'threads' | 'prepacking'>;

export interface SessionChoices {
  /** Folder of the weight files, for a graph given as bytes, which has no folder to find them in. */
  weightsFolder?: string;
  /**
   * Whether an operator that the device cannot run may run on the CPU. ONNX Runtime's own default is yes, silently;
   * hotvec's is no: the session is refused instead. Who says yes looks at what runs there (`recordOperators`).
   */
  allowCpuNodes?: boolean;
  /** Whether products of 8 bits must not overflow, at the cost of speed: see formats/onnx/create-cpu-session.ts. */
  exactProducts?: boolean;
  /** Operations that a token takes in matrix products; left out: few. */
  operationsPerToken?: number;
}

/** What takes as many operations a token computes for tens of milliseconds at least, and serves some tens of texts a second. */
const LARGE_MODEL = 1e8;
/** How long a thread waits awake for the next operator, in microseconds (docs/decisions/0043). */
const SPINNING = { small: '20', large: '200' };

/** The options of every ONNX session that hotvec makes. */
export function sessionOptions(settings: Settings, choices: SessionChoices = {}): InferenceSession.SessionOptions {
  const { device, deviceId, threads, prepacking } = settings;
  const { weightsFolder, allowCpuNodes = false, exactProducts = false, operationsPerToken = 0 } = choices;
  return {
    // The binding knows a device id for CUDA only, and refuses options it does not know.
    executionProviders: [device === 'cuda' ? { name: device, deviceId } : device],
    intraOpNumThreads: threads || threadsOfOne(),
    interOpNumThreads: 1,
    // Errors only: which operators go where is not left to a warning, `disable_cpu_ep_fallback` decides it.
    logSeverityLevel: device === 'cpu' ? 2 : 3,
    extra: {
      session: {
        ...(weightsFolder === undefined ? {} : { model_external_initializers_file_folder_path: weightsFolder }),
        ...(exactProducts ? { x64quantprecision: '1' } : {}),
        disable_prepacking: prepacking ? '0' : '1',
        disable_cpu_ep_fallback: device === 'cpu' || allowCpuNodes ? '0' : '1',
        // Between two operators threads wait awake, briefly: waking them costs a small batch a third of its time. At the
        // end of a batch they sleep: the server shares its cores with HTTP, and often with other services. Beside a small model
        // that wants more of them than beside a large one, where some operators keep a single thread busy for longer.
        intra_op: {
          allow_spinning: '1',
          spin_duration_us: operationsPerToken < LARGE_MODEL ? SPINNING.small : SPINNING.large,
        },
        force_spinning_stop: '1',
      },
    },
  };
}

/**
 * 0, ONNX Runtime's own choice of one thread a physical core, unless this process may use only some of the machine:
 * ONNX Runtime does not see a container's CPU limit, and threads beyond it wait for each other.
 */
function threadsOfOne(): number {
  return isLimited() ? availableParallelism() : 0;
}
