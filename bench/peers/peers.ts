import { type RequestLoad, SMALL_MODEL_LOADS } from '../request-load.ts';
import type { WorkloadName } from '../workloads.ts';

/** What a server computes in. */
export type Precision = 'fp32' | 'bf16' | 'int8' | 'q8_0';

/** The lowest cosine to PyTorch in fp32 at which a server counts as right. */
export const LOWEST_COSINE: Readonly<Record<Precision, number>> = {
  fp32: 0.99999,
  bf16: 0.999,
  int8: 0.98,
  q8_0: 0.98,
};

/** What hotvec is compared with. */
export interface Peer {
  /** As `--only` names it. */
  id: string;
  title: string;
  precision: Precision;
  /** The script beside this file that installs and starts it; null: hotvec itself. */
  script: string | null;
  /** What `start` of the script takes beside the model. */
  options: readonly string[];
  /** The precisions in which hotvec takes turns with it. */
  against: readonly ('fp32' | 'int8')[];
  workloads: readonly WorkloadName[];
}

const ALL: readonly WorkloadName[] = ['q', 'p', 'qi', 'mix'];

export const PEERS: readonly Peer[] = [
  {
    id: 'vllm',
    title: 'vLLM for CPU, bf16, without its prefix cache',
    precision: 'bf16',
    script: 'vllm.sh',
    options: ['--no-enable-prefix-caching'],
    against: ['int8', 'fp32'],
    // With an instruction before each query, as a user would run it: the next one.
    workloads: ['q', 'p', 'mix'],
  },
  {
    id: 'vllm-prefix-cache',
    title: 'vLLM for CPU, bf16, with its prefix cache',
    precision: 'bf16',
    script: 'vllm.sh',
    options: ['--enable-prefix-caching'],
    against: ['int8'],
    workloads: ['qi'],
  },
  {
    id: 'llama.cpp-q8_0',
    title: 'llama.cpp, q8_0',
    precision: 'q8_0',
    script: 'llama-cpp.sh',
    options: ['q8_0'],
    against: ['int8'],
    workloads: ALL,
  },
  {
    id: 'llama.cpp-bf16',
    title: 'llama.cpp, bf16',
    precision: 'bf16',
    script: 'llama-cpp.sh',
    options: ['bf16'],
    against: ['int8'],
    workloads: ['q', 'p', 'mix'],
  },
  {
    id: 'sentence-transformers',
    title: 'sentence-transformers behind an HTTP server, fp32',
    precision: 'fp32',
    script: 'sentence-transformers.sh',
    options: [],
    against: ['fp32'],
    workloads: ALL,
  },
  {
    id: 'infinity',
    title: 'infinity, PyTorch, fp32',
    precision: 'fp32',
    script: 'infinity.sh',
    options: [],
    against: ['fp32'],
    workloads: ALL,
  },
  {
    id: 'hotvec-fp32',
    title: 'hotvec, fp32',
    precision: 'fp32',
    script: null,
    options: [],
    against: ['int8'],
    workloads: ALL,
  },
];

/** Of a model that computes for a tenth of a second on a query. */
const LARGE_LOADS: readonly RequestLoad[] = [
  { workload: 'q', textsPerRequest: 1, clients: 1 },
  { workload: 'q', textsPerRequest: 1, clients: 16 },
  { workload: 'p', textsPerRequest: 1, clients: 4 },
  { workload: 'qi', textsPerRequest: 1, clients: 8 },
];

/** What is measured of a peer: nothing where it has no workload in common with the model's size. */
export function loadsOf({ workloads }: Peer, isLarge: boolean): RequestLoad[] {
  return (isLarge ? LARGE_LOADS : SMALL_MODEL_LOADS).filter(({ workload }) => workloads.includes(workload));
}
