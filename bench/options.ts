import process from 'node:process';
import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Values of MODEL: `starter` or folders. */
  models: string[];
  /** A check that everything runs: one round, small samples, nothing written. */
  quick: boolean;
  /** Fewest rounds a figure is the median of, where time allows. */
  rounds: number;
  /** Seconds the engine comparison of one workload and batch size may take; rounds are cut to fit. */
  cellSeconds: number;
  /** Sections to run; empty: all. */
  only: string[];
}

const USAGE = `npm run bench -- [--model DIR]… [--quick] [--cell-seconds N] [--only engine|service|event-loop|latency|start]…

--model: the starter when left out; may be given several times, e.g. --model starter --model random-0.6b.
--quick: a check that everything runs; prints, and leaves bench/RESULTS.md alone.`;

export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', multiple: true, default: ['starter'] },
      quick: { type: 'boolean', default: false },
      'cell-seconds': { type: 'string', default: '120' },
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
    only: values.only,
  };
}
