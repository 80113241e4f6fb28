import type { FleetRun } from './simulate-fleet.ts';

/**
 * A thousand servers that differ by a sixth, of which thirty are four times slower than they should be. Every half an hour each
 * is slow, down or silent for some minutes: in a run of seven minutes, 230 times somewhere.
 */
export const ordinaryRun: FleetRun = {
  servers: 1_000,
  requests: 100_000,
  // 64 texts of 250 tokens, at 4,000 tokens a second.
  requestMs: 4_000,
  costSpread: 0.2,
  surpriseSpread: 0.1,
  latencyMs: 5,
  timeoutMs: 120_000,
  readAhead: 16_000,
  weather: {
    spread: 0.15,
    stragglers: 0.03,
    stragglerSpeed: 0.25,
    untilTroubleMs: 1_800_000,
    slow: { share: 0.5, speed: 0.25, ms: 120_000 },
    down: { share: 0.4, ms: 120_000, forGood: 0.2 },
    silent: { share: 0.1, ms: 300_000 },
  },
  seed: 1,
};
