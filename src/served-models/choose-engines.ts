import type { Device, EngineSettings } from '../engine/protocol.ts';
import { deviceCandidates } from '../engine/supervisor/device-candidates.ts';
import type { EngineChoice } from '../engine/supervisor/engine-group.ts';
import { messageOf } from '../errors.ts';
import { chooseDtype } from '../formats/formats.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import type { Config } from '../settings/config.ts';

/**
 * The largest batch that the calibration may choose, in tokens, where MAX_BATCH_TOKENS does not say: what fills the
 * device at the most, and what it has memory for.
 */
const LARGEST_BATCH: Record<Device, number> = { cpu: 4_096, webgpu: 4_096, cuda: 16_384 };

export interface EngineChoices {
  /** At least one, the best first. */
  choices: EngineChoice[];
  /** What `auto` does not even try. */
  absent: { device: Device; reason: string }[];
}

/**
 * Turns DEVICE, DEVICE_ID and DTYPE into what to start: the device named, or those that `auto` may try in turn.
 * @throws {StartError} for a precision that the device named does not have, or that no device has.
 */
export function chooseEngines(
  config: Pick<Config, 'device' | 'deviceId' | 'dtype' | 'threads' | 'maxBatchTokens' | 'prepacking'>,
  manifest: ModelManifest,
  maxTokens: number,
): EngineChoices {
  const isAuto = config.device === 'auto';
  const candidates = isAuto ? deviceCandidates() : [{ device: config.device as Device, absent: null }];
  const choices: EngineChoice[] = [];
  const absent: EngineChoices['absent'] = [];
  for (const candidate of candidates) {
    const { device } = candidate;
    try {
      if (candidate.absent !== null) throw new Error(candidate.absent);
      const dtype = chooseDtype(manifest, device, config.dtype);
      const settings: Omit<EngineSettings, 'deviceId'> = {
        device,
        dtype,
        threads: config.threads,
        maxTokens,
        maxBatchTokens: config.maxBatchTokens || LARGEST_BATCH[device],
        prepacking: config.prepacking,
        mustBeatCpu: isAuto && device === 'webgpu',
      };
      choices.push(config.deviceId.map((deviceId) => ({ ...settings, deviceId })));
    } catch (error) {
      // The CPU is the last: what it lacks, nothing else had.
      if (!isAuto || (choices.length === 0 && device === 'cpu')) throw error;
      absent.push({ device, reason: messageOf(error) });
    }
  }
  return { choices, absent };
}
