import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Device } from '../src/engine/protocol.ts';
import type { Dtype } from '../src/model/manifest.ts';

export interface BenchOptions {
  /** Values of MODEL: `starter` or folders. */
  models: string[];
  /** A check that everything runs: one round, small samples, nothing written. */
  quick: boolean;
  /** Fewest rounds a figure is the median of, where time allows. */
  rounds: number;
  /** Seconds the engine comparison of one workload and batch size may take; rounds are cut to fit. */
  cellSeconds: number;
  /** What to compute on, and in which precision. */
  device: Device;
  dtype: Dtype | 'auto';
  /** Sections to run; empty: all. */
  only: string[];
}

const USAGE = `npm run bench -- [--model DIR]… [--quick] [--cell-seconds N] [--only engine|int8|service|event-loop|latency|start]…
                 [--device cpu|cuda|webgpu] [--dtype auto|fp32|bf16|fp16|int8]

--model: the starter when left out; may be given several times, e.g. --model starter --model random-0.6b.
--quick: a check that everything runs; prints, and leaves bench/RESULTS.md alone.`;

export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', multiple: true, default: ['starter'] },
      quick: { type: 'boolean', default: false },
      'cell-seconds': { type: 'string', default: '120' },
      device: { type: 'string', default: 'cpu' },
      dtype: { type: 'string', default: 'auto' },
      only: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  return {
    models: values.model,
    quick: values.quick,
    rounds: values.quick ? 1 : 5,
    cellSeconds: values.quick ? 15 : Number(values['cell-seconds']),
    // One that does not exist is refused by what takes it, ONNX Runtime and chooseDtype().
    device: values.device as Device,
    dtype: values.dtype as Dtype | 'auto',
    only: values.only,
  };
}
