import { allowedCores } from '../engine/cores.ts';
import type { Device, EngineSettings } from '../engine/protocol.ts';
import { deviceCandidates } from '../engine/supervisor/device-candidates.ts';
import type { EngineChoice } from '../engine/supervisor/engine-group.ts';
import { messageOf, StartError } from '../errors.ts';
import { chooseDtype, formatOf } from '../formats/formats.ts';
import type { ModelManifest } from '../model-files/manifest.ts';
import type { Config } from '../settings/config.ts';
import { memoryLimit, memoryOf } from './memory.ts';

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

/** What matters more: how soon one text is answered, with all threads on one batch; or how many are, with a thread for each. */
export type Favor = 'latency' | 'throughput';

export interface ChooseEnginesOptions {
  config: Pick<
    Config,
    'device' | 'deviceId' | 'dtype' | 'threads' | 'enginesPerDevice' | 'maxBatchTokens' | 'prepacking'
  >;
  manifest: ModelManifest;
  /** Longest sequence that will be sent. */
  maxTokens: number;
  favor: Favor;
  /** Models that are opened, and share the memory. */
  models: number;
}

/**
 * Turns DEVICE, DEVICE_ID, DTYPE and ENGINES_PER_DEVICE into what to start: on the device named, or on those that `auto` may
 * try in turn.
 * @throws {StartError} for a precision that the device named does not have, or that no device has; for more engines than threads.
 */
export function chooseEngines({ config, manifest, maxTokens, favor, models }: ChooseEnginesOptions): EngineChoices {
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
      const engines = config.enginesPerDevice || enginesFor({ ...settings, deviceId: 0 }, { manifest, favor, models });
      const threads = engines === 1 ? config.threads : threadsOfEach(engines, config.threads, device);
      const each = Array.from({ length: engines }, () => ({ ...settings, threads }));
      choices.push(config.deviceId.flatMap((deviceId) => each.map((one) => ({ ...one, deviceId }))));
    } catch (error) {
      // The CPU is the last: what it lacks, nothing else had.
      if (!isAuto || (choices.length === 0 && device === 'cpu')) throw error;
      absent.push({ device, reason: messageOf(error) });
    }
  }
  return { choices, absent };
}

/** Weights of a model whose operators are so short that threads wait for each other more than they compute side by side. */
const SMALL_WEIGHTS = 256 * 2 ** 20;
/** Beyond, what is left to gain is little, and each takes a hundred megabytes and more. */
const MOST_ENGINES = 16;
/** Of the memory that there is, the engines of all models may take so much without being asked to. */
const MEMORY_SHARE = 0.25;

/** How many engine processes a device has where nobody says: on a CPU one a thread for the throughput of a small model. */
function enginesFor(
  settings: EngineSettings,
  { manifest, favor, models }: Pick<ChooseEnginesOptions, 'manifest' | 'favor' | 'models'>,
): number {
  // A table of vectors has no operators: one thread reads it faster than texts are tokenized.
  const isTable = manifest.cost.perSlotAndPosition === 0;
  if (favor === 'latency' || settings.device !== 'cpu' || isTable) return 1;
  const weights = formatOf(manifest).residentBytes(manifest, settings.dtype);
  if (weights > SMALL_WEIGHTS) return 1;
  const affordable = (MEMORY_SHARE * memoryLimit().bytes) / models / memoryOf([[settings]], () => weights);
  return Math.max(1, Math.floor(Math.min(settings.threads || allowedCores(), MOST_ENGINES, affordable)));
}

/** @throws {StartError} where an engine would have none. */
function threadsOfEach(engines: number, threads: number, device: Device): number {
  const all = threads || allowedCores();
  if (device === 'webgpu')
    throw new StartError(`ENGINES_PER_DEVICE=${engines} is for cpu and cuda, and not for webgpu.`);
  if (device === 'cpu' && engines > all) {
    const limit = threads > 0 ? `THREADS=${threads}` : `this process may use ${all} cores`;
    throw new StartError(
      `ENGINES_PER_DEVICE=${engines}, but ${limit}: each engine needs a thread of its own. Set ENGINES_PER_DEVICE to ${all} or less.`,
    );
  }
  return Math.max(1, Math.floor(all / engines));
}
