import type { WorkloadName } from './workloads.ts';

/** What clients send: each waits for an answer before its next request. */
export interface RequestLoad {
  workload: WorkloadName;
  textsPerRequest: number;
  clients: number;
}

/** For models that embed hundreds of texts a second. */
export const SMALL_MODEL_LOADS: readonly RequestLoad[] = [
  { workload: 'q', textsPerRequest: 1, clients: 1 },
  { workload: 'q', textsPerRequest: 1, clients: 32 },
  { workload: 'p', textsPerRequest: 16, clients: 4 },
  { workload: 'mix', textsPerRequest: 16, clients: 4 },
];
