import process from 'node:process';
import { parseArgs } from 'node:util';
import { PARTS } from './parts.ts';

export interface SoakOptions {
  /** Names of the parts to run, in their order. */
  parts: string[];
  /** Factor on counts and durations. */
  scale: number;
  /** Minutes of the part that watches memory. */
  minutes: number;
  /** Whether every part runs: then the results are worth a file. */
  isWhole: boolean;
}

const names = PARTS.map(({ name }) => name);
const USAGE = `npm run test:soak -- [--only PART]… [--scale N] [--minutes N]

--only: ${names.join(', ')}.
--scale: factor on counts and durations, e.g. 0.1.
--minutes: how long the part \`growth\` watches memory; 10 when left out.
A run of all parts writes test/soak/RESULTS.md; with --only it is left alone.`;

export function readSoakOptions(): SoakOptions {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true, default: [] },
      scale: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    process.exit(0);
  }
  const unknown = values.only.find((name) => !names.includes(name));
  const [scale, minutes] = [Number(values.scale), Number(values.minutes)];
  if (unknown !== undefined) refuse(`There is no part ${unknown}. The parts: ${names.join(', ')}.`);
  if (!(scale > 0) || !(minutes > 0)) refuse('--scale and --minutes are numbers above 0.');
  return {
    parts: names.filter((name) => values.only.length === 0 || values.only.includes(name)),
    scale,
    minutes,
    isWhole: values.only.length === 0,
  };
}

function refuse(problem: string): never {
  process.stderr.write(`${problem}\n`);
  process.exit(2);
}
