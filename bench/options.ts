import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Device } from '../src/engine/protocol.ts';
import type { Dtype } from '../src/model-files/manifest.ts';
import { SECTIONS } from './sections.ts';

export interface BenchOptions {
  /** Values of MODEL: `starter` or folders. */
  models: string[];
  /** A check that everything runs: one round, small samples. */
  quick: boolean;
  /** Rounds a figure is the median of, where time allows. */
  rounds: number;
  /** Seconds the comparison of one cell may take; rounds are cut to fit. */
  cellSeconds: number;
  /** What to compute on, and in which precision. */
  device: Device;
  dtype: Dtype | 'auto';
  /** Names of the sections to run, in their order. */
  sections: string[];
  /** Whether nothing is left out: then the results are worth a file. */
  isWhole: boolean;
}

const names = Object.keys(SECTIONS);
const USAGE = `npm run bench -- [--model DIR]… [--quick] [--only SECTION]… [--cell-seconds N]
                 [--device cpu|cuda|webgpu] [--dtype auto|fp32|bf16|fp16|int8]

--model: the starter when left out; may be given several times, e.g. --model starter --model random-0.6b.
--quick: a check that everything runs; its figures mean nothing.
--only: ${names.join(', ')}.
A whole run writes bench/RESULTS.md; with --quick or --only it is left alone.`;

export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', multiple: true, default: ['starter'] },
      quick: { type: 'boolean', default: false },
      'cell-seconds': { type: 'string', default: '45' },
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
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    process.stderr.write(`There is no section ${unknown}. The sections: ${names.join(', ')}.\n`);
    process.exit(2);
  }
  return {
    models: values.model,
    quick: values.quick,
    rounds: values.quick ? 1 : 5,
    cellSeconds: values.quick ? 5 : Number(values['cell-seconds']),
    // One that does not exist is refused by what takes it, ONNX Runtime and chooseDtype().
    device: values.device as Device,
    dtype: values.dtype as Dtype | 'auto',
    sections: names.filter((name) => values.only.length === 0 || values.only.includes(name)),
    isWhole: !values.quick && values.only.length === 0,
  };
}
