import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../../src/package-info.ts';
import { PEERS, type Peer } from './peers.ts';

export interface PeersOptions {
  /** Where the peers are installed: an absolute path outside of the repository. */
  folder: string;
  /** Model folders, absolute. */
  models: string[];
  /** Those to measure, in the order of `peers.ts`. */
  peers: Peer[];
  /** Whether peers may be installed. */
  install: boolean;
  /** A check that everything runs. */
  quick: boolean;
  rounds: number;
  /** Seconds of a turn on the slower server. */
  seconds: number;
  /** Seconds that a load may take; rounds are cut to fit. */
  cellSeconds: number;
}

export const USAGE = `npm run bench:peers -- --folder DIR --model DIR… [--install] [--only PEER]… [--quick]
                       [--rounds N] [--seconds N] [--cell-seconds N]

--folder:  where peers are installed, outside of this repository; some 10 GB.
--model:   a folder with safetensors; may be given several times.
--install: installs what --only names and is not there yet, from registries; without it nothing is.
--only:    ${PEERS.map(({ id }) => id).join(', ')}.
--quick:   a check that everything runs; its figures mean nothing.
--rounds:  most rounds, each A B B A (5).   --seconds: of a turn (2).   --cell-seconds: most for one load (45).
What was measured goes into bench/PEERS.md, in the place of what was there of the same model and peer; with --quick it is only printed.
`;

/**
 * @returns undefined where only the usage is asked for.
 * @throws {Error} with what is wrong with them.
 */
export function readPeersOptions(args: readonly string[]): PeersOptions | undefined {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      folder: text,
      model: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', multiple: true, default: [] },
      install: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '2' },
      'cell-seconds': { type: 'string', default: '45' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const { folder, model: models, only, install, quick } = values;
  if (folder === undefined) throw new Error('--folder must say where the peers are, or are to be, installed.');
  if (models.length === 0) throw new Error('--model must name a folder.');
  const missing = models.find((name) => !existsSync(path.join(name, 'config.json')));
  if (missing !== undefined) throw new Error(`--model ${missing}: there is no ${path.join(missing, 'config.json')}.`);
  const unknown = only.find((name) => !PEERS.some(({ id }) => id === name));
  if (unknown !== undefined) {
    throw new Error(`There is no peer ${unknown}. The peers: ${PEERS.map(({ id }) => id).join(', ')}.`);
  }
  return {
    folder: outsideRepository(folder),
    models: models.map((name) => path.resolve(name)),
    peers: PEERS.filter(({ id }) => only.length === 0 || only.includes(id)),
    install,
    quick,
    rounds: quick ? 1 : positive('rounds', values.rounds),
    seconds: quick ? 0.1 : positive('seconds', values.seconds),
    cellSeconds: positive('cell-seconds', values['cell-seconds']),
  };
}

/** @throws {Error} for a folder that lies in the repository, by whatever name: gigabytes of others' code do not belong there. */
function outsideRepository(folder: string): string {
  const absolute = path.resolve(folder);
  const way = path.relative(realpathSync(packageRoot), realOf(absolute));
  if (way === '' || !(way === '..' || way.startsWith(`..${path.sep}`) || path.isAbsolute(way))) {
    throw new Error(`--folder ${folder} lies in this repository; name one outside of it.`);
  }
  return absolute;
}

/** The path without symbolic links, of which the end need not exist yet. */
function realOf(absolute: string): string {
  if (existsSync(absolute)) return realpathSync(absolute);
  return path.join(realOf(path.dirname(absolute)), path.basename(absolute));
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new Error(`--${name} is a number above 0, not ${text}.`);
  return value;
}
