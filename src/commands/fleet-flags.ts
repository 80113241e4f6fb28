import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { Logger } from 'pino';
import type { FleetSourceOptions } from '../bulk/fleet/fleet-source.ts';
import { systemClock } from '../clock.ts';
import { nameOfModel } from '../model-files/resolve-model.ts';
import { isSaid, type StartConfig } from '../settings/config.ts';
import { flagOf } from '../settings/setting-text.ts';
import { type Flags, type ReadFlags, UsageError } from './bulk-flags.ts';
import { explainMachineError } from './explain-machine-error.ts';
import { FLEET_SETTINGS } from './used-settings.ts';

/** Flags of a run whose results servers compute. */
export const FLEET_FLAGS = {
  url: {
    value: 'URL',
    description: 'A hotvec server that computes, instead of an engine here; several share the work',
  },
  'api-key-file': {
    value: 'FILE',
    description: 'File that has the key for them; without it HOTVEC_API_KEY, if it is set',
  },
} as const satisfies Flags;

/** For how long the first answer is waited for: a server that is started beside the run loads its model. */
const START_MS = 60_000;
/** For how long none may answer later: a restart of all, or a network that is repaired. */
const PATIENCE_MS = 600_000;

/** Servers, and how they are asked. */
export interface Fleet {
  urls: readonly string[];
  apiKey: string | null;
  /** Name of the model in requests; null: none, as for a server with one. */
  model: string | null;
}

/**
 * @returns null: an engine here computes.
 * @throws {UsageError} for what is not of a fleet, or of nothing else.
 */
export function readFleet({ lists, values, settings }: ReadFlags): Omit<Fleet, 'model'> | null {
  const { url: given, 'api-key-file': keyFile } = { url: lists.url, 'api-key-file': values['api-key-file'] };
  if (given === undefined) {
    if (keyFile !== undefined) throw new UsageError('--api-key-file is for servers; name them with --url.');
    return null;
  }
  const urls = given.map(readUrl);
  const twice = urls.find((url, i) => urls.indexOf(url) < i);
  if (twice !== undefined) throw new UsageError(`--url ${twice} is given twice.`);
  const flagsOfFleet = [...FLEET_SETTINGS].map(flagOf);
  for (const setting of settings) {
    const [, name = ''] = /^--([^=]+)=/.exec(setting) ?? [];
    if (flagsOfFleet.includes(name)) continue;
    throw new UsageError(
      `--${name} is a setting of an engine here, but the servers of --url compute. Omit one of them.`,
    );
  }
  return { urls, apiKey: keyFile === undefined ? (process.env.HOTVEC_API_KEY ?? null) : readKey(keyFile) };
}

/**
 * What `MODEL` or `--model` says, as a name that servers are asked for: one that has another model refuses.
 * @returns null: neither is set, and a server with one model needs no name.
 * @throws {UsageError} it is not the name of one model.
 */
export function askedModel({ model, models }: StartConfig, { settings }: ReadFlags): string | null {
  if (!isSaid('model', process.env, settings)) return null;
  if (models.length > 1) {
    throw new UsageError(`MODEL names ${models.length} models; a run computes with one. Give --model NAME.`);
  }
  const name = nameOfModel(model);
  if (name === model || !model.startsWith(`${name}@`)) return name;
  throw new UsageError(
    `MODEL=${model} names a revision, and the servers of --url have the one that they were started with. Give --model ${name}.`,
  );
}

/** What the flags say of a fleet, with a log of what happens to its servers. */
export function fleetOptions(
  { urls, apiKey }: Fleet,
  logger: Logger,
): Omit<FleetSourceOptions, 'task' | 'gives' | 'signal'> {
  return {
    urls,
    headers: apiKey === null ? {} : { authorization: `Bearer ${apiKey}` },
    clock: systemClock,
    startMs: START_MS,
    patienceMs: PATIENCE_MS,
    onEvent({ kind, url, reason }) {
      if (kind === 'back') logger.info({ url }, 'server answers again');
      else if (kind === 'lost') logger.warn({ url, reason }, 'server lost, its work goes to others');
      else if (kind === 'waiting') logger.warn({ url, reason }, 'no server answers yet, waiting for one');
      else logger.error({ url, reason }, 'server not used any more');
    },
  };
}

/** Without what requests add: clients of OpenAI's API are given an address with `/v1`. */
function readUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new UsageError(`--url is ${text}; expected an address such as http://10.0.0.1:8080.`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError('--url has a password in it, which every user of this machine can see; see --api-key-file.');
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '');
}

function readKey(file: string): string {
  try {
    const key = readFileSync(file, 'utf8').trim();
    if (/^[\x21-\x7e]+$/.test(key)) return key;
  } catch (error) {
    const line = explainMachineError(error);
    throw new UsageError(`--api-key-file ${file} cannot be read. ${line ?? 'Is it there?'}`);
  }
  throw new UsageError(`--api-key-file ${file} has no key: one line of letters, digits and signs is expected.`);
}
