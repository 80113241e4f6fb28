/** One step of the soak run: test files, or a script of its own. */
export interface SoakPart {
  name: string;
  /** Beginnings of paths below dist/test/ (without extension), or the path of a script below dist/. */
  run: { tests: string[] } | { script: string };
}

/** In the order of the catalogue; the longest last. */
export const PARTS: readonly SoakPart[] = [
  { name: 'cross-wiring', run: { tests: ['e2e/cross-wiring.test'] } },
  { name: 'cross-wiring-faults', run: { tests: ['e2e/cross-wiring-faults.test'] } },
  { name: 'neighbors', run: { tests: ['e2e/neighbors.test'] } },
  { name: 'interleavings', run: { tests: ['batching/interleavings'] } },
  { name: 'input', run: { tests: ['http/body/fuzz', 'http/body/large-bodies', 'http/body/unicode', 'http/door/raw'] } },
  { name: 'faults', run: { tests: ['fault/'] } },
  { name: 'overload', run: { tests: ['soak/overload'] } },
  { name: 'flood', run: { tests: ['soak/flood'] } },
  { name: 'pipelining', run: { tests: ['soak/pipelining'] } },
  { name: 'sdk-retries', run: { tests: ['soak/sdk-retries'] } },
  { name: 'sigterm', run: { tests: ['soak/sigterm'] } },
  { name: 'recovery', run: { tests: ['soak/recovery'] } },
  { name: 'beside-batch', run: { tests: ['soak/beside-batch'] } },
  { name: 'mutants', run: { script: 'scripts/mutation-gate.js' } },
  { name: 'growth', run: { tests: ['soak/growth'] } },
];
