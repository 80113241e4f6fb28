import { parseHostPattern } from './host-name.ts';
import { isLoopback } from './loopback.ts';
import { variableOf } from './setting-text.ts';
import { ADDRESSES, type Config } from './settings.ts';

/** What is wrong with settings that are each right: a line for every pair that cannot be meant. */
export function contradictions(config: Config): string[] {
  const problems: string[] = [];
  for (const name of ['host', 'metricsHost'] as const) {
    if (config[name] === '' || isLoopback(config[name]) || config.apiKeysFile !== '' || config.allowNoAuth) continue;
    problems.push(
      `${variableOf(name)}=${config[name]} is reachable from other machines, but no API keys are set. Set API_KEYS_FILE, or ALLOW_NO_AUTH=1 if something in front of hotvec controls access.`,
    );
  }
  if (config.metricsPort === 0 && config.metricsHost !== '') {
    problems.push(`METRICS_HOST=${config.metricsHost} needs METRICS_PORT: without it metrics are on HOST and PORT.`);
  }
  if (config.metricsPort !== 0 && config.metricsPort === config.port) {
    problems.push(
      `METRICS_PORT is the same as PORT (${config.port}). Set it to another port, or to 0 for metrics on PORT.`,
    );
  }
  for (const name of ['allowedHosts', 'allowedOrigins'] as const) {
    if (config[name].length > 1 && config[name].includes('*')) {
      problems.push(`${variableOf(name)}=${config[name]} lists names and *; remove one or the other.`);
    }
  }
  for (const origin of config.allowedOrigins) {
    if (origin !== '*' && !URL.canParse(origin)) problems.push(`ALLOWED_ORIGINS: ${origin} is not an origin.`);
  }
  for (const host of config.allowedHosts) {
    if (host !== '*' && parseHostPattern(host) === null) problems.push(`ALLOWED_HOSTS: ${host} is not a host.`);
  }
  if (config.allowedOrigins.includes('*') && config.apiKeysFile === '' && !config.allowNoAuth) {
    problems.push(
      'ALLOWED_ORIGINS=* without API keys lets every web page use this server. List the origins, set API_KEYS_FILE, or set ALLOW_NO_AUTH=1 if every page may do so.',
    );
  }
  for (const name of ADDRESSES) {
    if (config[name] !== '' && !URL.canParse(String(config[name])))
      problems.push(`${variableOf(name)}=${config[name]} is not an address.`);
  }
  if (config.maxInflightBytes > 0 && config.maxInflightBytes < config.maxBodyBytes) {
    problems.push(
      `MAX_INFLIGHT_BYTES (${config.maxInflightBytes}) is below MAX_BODY_BYTES (${config.maxBodyBytes}): the largest request could never be served.`,
    );
  }
  if (config.dialects.length > 1 && config.dialects.includes('none')) {
    problems.push(`DIALECTS=${config.dialects} lists dialects and none; remove one or the other.`);
  }
  return problems;
}

/** The same of the settings of each model. */
export function contradictionsOfModels(models: readonly Config[]): string[] {
  const place = (model: string) => (models.length === 1 ? '' : `${model}: `);
  return models.flatMap((one) => modelContradictions(one).map((problem) => place(one.model) + problem));
}

function modelContradictions(config: Config): string[] {
  const problems: string[] = [];
  const [, revision] = config.model.split('@');
  if (revision !== undefined && config.revision !== '' && revision !== config.revision) {
    problems.push(
      `MODEL=${config.model} and REVISION=${config.revision} name different revisions; set only one of them.`,
    );
  }
  if (/^starter(-reranker)?$/.test(config.model) && config.revision !== '') {
    problems.push(
      `REVISION=${config.revision} applies only to hub models, but MODEL is ${config.model}, which comes with hotvec. Unset REVISION.`,
    );
  }
  if (config.device !== 'cuda' && config.deviceId.join() !== '0') {
    problems.push(
      `DEVICE_ID=${config.deviceId} needs DEVICE=cuda; with DEVICE=${config.device} there is only device 0.`,
    );
  }
  return problems;
}
