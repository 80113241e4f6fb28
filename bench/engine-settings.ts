import type { Device, EngineSettings } from '../src/engine/protocol.ts';
import type { Dtype, ModelManifest } from '../src/model-files/manifest.ts';

/** A model in the bench's own process is set up as the service sets it up, which runs with its defaults. */
export function engineSettings({ maxTokens }: ModelManifest, device: Device, dtype: Dtype): EngineSettings {
  return {
    device,
    deviceId: 0,
    dtype,
    threads: 0,
    maxTokens: Math.min(8192, maxTokens),
    maxBatchTokens: 1_024,
    prepacking: true,
    mustBeatCpu: false,
  };
}
