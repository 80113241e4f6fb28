import type { Calibration, EngineInfo } from '../../src/engine/protocol.ts';

const calibration: Calibration = {
  batchTokens: 1_024,
  basis: 'measured',
  batchMilliseconds: 10,
  milliseconds: 0,
  curve: [],
};

/** What an engine that stands in for the real one says of itself when it is ready. */
export function engineFacts(changes: Partial<EngineInfo> = {}): EngineInfo {
  return {
    device: 'cpu',
    dtype: 'fp32',
    loadMilliseconds: 0,
    tokensPerSecond: 100_000,
    calibration,
    canaryCosine: 1,
    canaryDifference: 0,
    canaryScores: null,
    ...changes,
  };
}
