import { sequenceFlops } from './flops.ts';
import { gateGolden } from './gate.ts';
import { gateScores } from './gate-scores.ts';
import { createGemm, type GemmCalibrator } from './gemm.ts';
import { LoadGenerator } from './load-generator.ts';
import { type OpenEngine, openEngine } from './open-engine.ts';
import type { BenchOptions } from './options.ts';
import { type RunningService, startService } from './service.ts';
import { openWorkloads, type Workloads } from './workloads.ts';

/** What computes more than this a token serves a few texts a second: most loads of a small model would take it hours. */
export const LARGE_FLOPS_PER_TOKEN = 1e8;

/** What every section measures with. */
export interface EngineBench extends Omit<OpenEngine, 'tokenizer'> {
  /** As MODEL names it. */
  setting: string;
  isLarge: boolean;
  workloads: Workloads;
  gemm: GemmCalibrator;
  load: LoadGenerator;
  /** The service with the model, on the same device in the same precision; started when first asked for. */
  service: () => Promise<RunningService>;
  options: BenchOptions;
  close: () => Promise<void>;
}

/** @throws {GateError} when the model's vectors or scores are wrong: then there is no speed to report. */
export async function openBench(setting: string, options: BenchOptions): Promise<EngineBench> {
  const { model, manifest, weights, dtype, tokenizer } = await openEngine(setting, options);
  const { device } = options;
  // Int8 is compared with what the machine does in fp32.
  const gemmDtype = dtype === 'int8' ? 'fp32' : dtype;
  if (options.task === 'rerank') await gateScores(model, manifest, dtype);
  if (manifest.name === 'starter') await gateGolden(model, manifest.hiddenSize, { device, dtype });
  let service: Promise<RunningService> | undefined;
  const load = new LoadGenerator();
  return {
    setting,
    model,
    manifest,
    weights,
    dtype,
    isLarge: sequenceFlops(manifest.cost, 1) > LARGE_FLOPS_PER_TOKEN,
    workloads: await openWorkloads(tokenizer),
    gemm: await createGemm(weights.architecture.hiddenSize, weights.architecture.intermediateSize, {
      device,
      dtype: gemmDtype,
    }),
    load,
    service: () => (service ??= startService(setting, { DEVICE: device, DTYPE: options.dtype, TASK: options.task })),
    options,
    async close() {
      load.stop();
      await (await service)?.stop();
    },
  };
}
