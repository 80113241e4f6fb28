import { homedir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { TSchema } from 'typebox';
import { Check } from 'typebox/schema';
import { modelConfigs } from './model-configs.ts';
import { contradictions, contradictionsOfModels } from './setting-contradictions.ts';
import { flagOf, fromText, unusedFlag, variableOf, wanted } from './setting-text.ts';
import { ADDRESSES, type Config, type SettingName, settings } from './settings.ts';

export type { Config } from './settings.ts';

/** The settings of all, and those of each model: its own before those of all, at least one, in the order given. */
export interface StartConfig extends Config {
  models: readonly Config[];
}

/** One row of the documentation. */
export interface SettingDescription {
  name: SettingName;
  variable: string;
  flag: string;
  default: string;
  description: string;
}

/** Settings that cannot be used, all of them; the process exits with code 78 (EX_CONFIG of sysexits.h). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Invalid configuration:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Settings whose values are never shown. */
const SECRETS: readonly SettingName[] = ['hfToken', 'modelscopeApiToken', 'otelExporterOtlpHeaders'];
const PREFIX = 'HOTVEC_';
/** Names that Hugging Face's tools still read where the new one is not set (huggingface_hub: constants.py, utils/_auth.py). */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  HF_TOKEN: 'HUGGING_FACE_HUB_TOKEN',
  HF_HUB_CACHE: 'HUGGINGFACE_HUB_CACHE',
};
/** Paths in which they expand `~` and variables. */
const HUB_FOLDERS = ['hfHome', 'hfHubCache', 'hfTokenPath'] as const satisfies SettingName[];
const names = Object.keys(settings) as SettingName[];
const SERVICE_VARIABLE =
  /^(\w+?)_(SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

export function describeSettings(): SettingDescription[] {
  return names.map((name) => {
    const schema: TSchema & { default?: unknown; description?: string } = settings[name];
    return {
      name,
      variable: variableOf(name),
      flag: `--${flagOf(name)}`,
      default: Array.isArray(schema.default) ? schema.default.join() : String(schema.default),
      description: schema.description ?? '',
    };
  });
}

/**
 * Reads the settings: a flag before a variable before the default. An empty variable counts as absent.
 *
 * @param check says what else is wrong with settings that are each right.
 * @param used those that whoever asks has a use for; left out: all. The variables of others are not even looked at: one env file
 * is for several commands. A flag is given to one command, so one of the others is a problem.
 * @throws {ConfigError} with every problem at once: unknown `HOTVEC_*` variables and flags, values of the wrong type or
 * out of range, and settings that contradict each other.
 */
export function readConfig(
  given: Environment,
  args: readonly string[] = [],
  check: (config: StartConfig) => string[] = () => [],
  used: ReadonlySet<SettingName> = new Set(names),
): StartConfig {
  const problems: string[] = [];
  const flags = readFlags(args, problems);
  const environment = withHubVariables(given);
  const config: Partial<Record<SettingName, unknown>> = {};
  const isGiven = new Set<SettingName>();
  const variables = new Set(names.map((name) => PREFIX + variableOf(name)));
  /** Service → the variables that Kubernetes wrote for it. */
  const links = new Map<string, string[]>();
  const isLink = (variable: string) => {
    const service = serviceOfLink(variable, environment);
    if (service !== undefined) links.set(service, [...(links.get(service) ?? []), variable]);
    return service !== undefined;
  };
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith(PREFIX) && !variables.has(variable) && !isLink(variable)) {
      problems.push(`${variable} is not a setting of hotvec; \`hotvec serve --help\` lists them.`);
    }
  }
  for (const name of names) {
    const isUsed = used.has(name);
    if (!isUsed && flagOf(name) in flags) problems.push(unusedFlag(name));
    const found = isUsed ? (flags[flagOf(name)] ?? readVariable(environment, variableOf(name), problems)) : undefined;
    const schema: TSchema & { default?: unknown } = settings[name];
    const value = found === undefined ? schema.default : fromText(schema, found.text);
    if (found !== undefined) isGiven.add(name);
    if (Check(schema, value)) config[name] = value;
    else if (!isLink(found?.source ?? ''))
      problems.push(`${found?.source} is ${shown(name, found?.text ?? '')}; expected ${wanted(schema)}.`);
  }
  for (const [service, linked] of links) problems.push(explainServiceLinks(service, linked));
  if (isGiven.has('model') && isGiven.has('modelsFile')) {
    problems.push('MODEL and MODELS_FILE both say what to serve; set only one of them.');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const read = config as Config;
  const { models, problems: ofModels } = modelConfigs(read);
  problems.push(...contradictions(read), ...ofModels, ...contradictionsOfModels(models), ...check({ ...read, models }));
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...complete(read, environment), models: models.map((one) => complete(one, environment)) };
}

/** Whether a flag or a variable says a setting, which else has its default. */
export function isSaid(name: SettingName, environment: Environment, args: readonly string[]): boolean {
  return flagOf(name) in readFlags(args, []) || readVariable(environment, variableOf(name), []) !== undefined;
}

/** Settings that follow from others or from the environment. */
function complete(config: Config, environment: Environment): Config {
  const folders = HUB_FOLDERS.map((name) => [name, expandPath(config[name], environment)]);
  const completed: Config = { ...config, ...Object.fromEntries(folders) };
  // As written, with or without slashes around it, or as one slash.
  completed.basePath = config.basePath.replace(/^\/?(.*?)\/?$/, (_, path: string) => (path === '' ? '' : `/${path}`));
  completed.metricsHost ||= config.host;
  completed.hfHome ||= defaultHfHome(environment);
  return completed;
}

/** Empty where there is no home. */
function defaultHfHome({ XDG_CACHE_HOME: cache }: Environment): string {
  if (cache) return path.join(cache, 'huggingface');
  const home = homeFolder();
  return home === '' ? '' : path.join(home, '.cache', 'huggingface');
}

/** The settings of all as they may be logged. */
export function withoutSecrets({ models: _, ...config }: StartConfig): Config {
  const hidden = SECRETS.filter((name) => config[name] !== '').map((name) => [name, '***']);
  return { ...config, ...Object.fromEntries(hidden) };
}

/** A value that was refused, without what may be secret in it. */
function shown(name: SettingName, text: string): string {
  if (SECRETS.includes(name)) return 'invalid (its value is not shown)';
  return JSON.stringify(ADDRESSES.includes(name) ? text.replace(/^.*@/s, '***@').replace(/[?#].*$/s, '?***') : text);
}

/** Variables of Hugging Face's tools that say what a setting says under another name. */
function withHubVariables(environment: Environment): Environment {
  const { OFFLINE: own, HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE } = environment;
  const theirs = HF_HUB_OFFLINE || TRANSFORMERS_OFFLINE;
  if ((own ?? '') !== '' || theirs === undefined) return environment;
  // Its tools take these for yes, and everything else for no.
  return { ...environment, OFFLINE: /^(1|on|yes|true)$/i.test(theirs) ? '1' : '' };
}

interface Given {
  source: string;
  text: string;
}

function readVariable(environment: Environment, variable: string, problems: string[]): Given | undefined {
  const found = [PREFIX + variable, variable].filter((name) => (environment[name] ?? '') !== '');
  const older = OLDER_NAMES[variable];
  if (found.length === 0 && older !== undefined && (environment[older] ?? '') !== '') found.push(older);
  const [first, second] = found;
  if (first === undefined) return undefined;
  const differ = second !== undefined && environment[first] !== environment[second];
  if (differ && serviceOfLink(first, environment) === undefined) {
    problems.push(`${first} and ${second} have different values; set only one of them.`);
  }
  return { source: first, text: environment[first] as string };
}

function readFlags(args: readonly string[], problems: string[]): Record<string, Given> {
  const options = Object.fromEntries(names.map((name) => [flagOf(name), { type: 'string' as const }]));
  const given: Record<string, Given> = {};
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  let isValueOfUnknown = false;
  for (const token of tokens) {
    // What follows an unknown flag is most often its value: one complaint is enough.
    const isExcused = isValueOfUnknown;
    isValueOfUnknown = false;
    if (token.kind === 'positional' && !isExcused) problems.push(`Unexpected argument ${JSON.stringify(token.value)}.`);
    if (token.kind !== 'option') continue;
    if (!(token.name in options)) {
      problems.push(`${token.rawName} is not a setting of hotvec; \`hotvec serve --help\` lists them.`);
      isValueOfUnknown = token.value === undefined;
    } else if (token.value === undefined) problems.push(`${token.rawName} needs a value.`);
    else given[token.name] = { source: token.rawName, text: token.value };
  }
  return given;
}

/**
 * Replaces a leading `~` with the home folder, and `$NAME` and `${NAME}` with the values of variables, as Hugging
 * Face's tools do for their folders: env files and systemd units leave both as they are.
 */
function expandPath(path: string, environment: Environment): string {
  const expanded = path.replace(/\$(?:(\w+)|\{([^}]*)\})/g, (whole, name, inBraces) => {
    return environment[name ?? inBraces] ?? whole;
  });
  return expanded.replace(/^~(?=\/|$)/, (tilde) => homeFolder() || tilde);
}

/** Empty where there is none: HOME unset, and a user id that no file knows, as containers are often started with. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/**
 * The variables that Kubernetes writes into every pod for a Service of its namespace (`enableServiceLinks`, on by
 * default), such as `HOTVEC_PORT=tcp://10.0.0.1:8080` for one called hotvec. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 *
 * @returns the name of the Service; undefined for any other variable.
 */
function serviceOfLink(variable: string, environment: Environment): string | undefined {
  const [, service, what] = SERVICE_VARIABLE.exec(variable) ?? [];
  if (service === undefined) return undefined;
  const isAddress = SERVICE_ADDRESS.test(environment[variable] ?? '');
  // A port that was set to a number is a setting, whatever else the Service has.
  if (what === 'PORT' && !isAddress) return undefined;
  const isLinked =
    isAddress || `${service}_SERVICE_HOST` in environment || SERVICE_ADDRESS.test(environment[`${service}_PORT`] ?? '');
  return isLinked ? service.toLowerCase().replaceAll('_', '-') : undefined;
}

/** What is wrong with variables of a Service, and what to do about it. */
function explainServiceLinks(service: string, variables: readonly string[]): string {
  const [verb, noun] = variables.length === 1 ? ['is', 'a setting'] : ['are', 'settings'];
  return `${variables.join(', ')} ${verb} not ${noun} of yours: Kubernetes writes them into every pod for the Service ${JSON.stringify(service)}. Set enableServiceLinks: false in the pod's spec, or give the Service another name.`;
}
