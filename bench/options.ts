import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Device } from '../src/engine/protocol.ts';
import { type Dtype, TASK_NAMES, type TaskName } from '../src/model-files/manifest.ts';
import { SECTIONS } from './sections.ts';

export interface BenchOptions {
  /** What all of the models are for. */
  task: TaskName;
  /** Values of MODEL: one that comes with hotvec, or folders. */
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

const STARTERS: Record<TaskName, string> = { embed: 'starter', rerank: 'starter-reranker' };
const USAGE = `npm run bench -- [--task embed|rerank] [--model DIR]… [--quick] [--only SECTION]… [--cell-seconds N] [--rounds N]
                 [--device cpu|cuda|webgpu] [--dtype auto|fp32|bf16|fp16|int8]

--task: what the models are for; embed when left out.
--model: the starter, or the reranker made of it, when left out; may be given several times, e.g. --model starter
         --model random-0.6b.
--quick: a check that everything runs; its figures mean nothing.
--rounds: most rounds that a figure is the median of (5).
--only: ${listOf('embed')};
        of rerankers ${listOf('rerank')}.
A whole run writes bench/RESULTS.md, of rerankers bench/RESULTS-rerank.md; with --quick or --only it is left alone.`;

export function readOptions(): BenchOptions {
  const { values } = parseArgs({
    options: {
      task: { type: 'string', default: 'embed' },
      model: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
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
  const task = TASK_NAMES.find((name) => name === values.task);
  if (task === undefined) return refuse(`--task is ${TASK_NAMES.join(' or ')}, not ${values.task}.`);
  const names = Object.keys(SECTIONS[task]);
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) return refuse(`There is no section ${unknown}. The sections: ${names.join(', ')}.`);
  return {
    task,
    models: values.model ?? [STARTERS[task]],
    quick: values.quick,
    rounds: values.quick ? 1 : Number(values.rounds),
    cellSeconds: values.quick ? 5 : Number(values['cell-seconds']),
    // One that does not exist is refused by what takes it, ONNX Runtime and chooseDtype().
    device: values.device as Device,
    dtype: values.dtype as Dtype | 'auto',
    sections: names.filter((name) => values.only.length === 0 || values.only.includes(name)),
    isWhole: !values.quick && values.only.length === 0,
  };
}

function listOf(task: TaskName): string {
  return Object.keys(SECTIONS[task]).join(', ');
}

function refuse(complaint: string): never {
  process.stderr.write(`${complaint}\n`);
  process.exit(2);
}
