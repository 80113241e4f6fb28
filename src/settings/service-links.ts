const SERVICE_VARIABLE =
  /^(\w+?)_(SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

type Environment = Record<string, string | undefined>;

/**
 * The variables that Kubernetes writes into every pod for a Service of its namespace (`enableServiceLinks`, on by
 * default), such as `HOTVEC_PORT=tcp://10.0.0.1:8080` for one called hotvec. https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
 *
 * @returns the name of the Service; undefined for any other variable.
 */
export function serviceOfLink(variable: string, environment: Environment): string | undefined {
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
export function explainServiceLinks(service: string, variables: readonly string[]): string {
  const [verb, noun] = variables.length === 1 ? ['is', 'a setting'] : ['are', 'settings'];
  return `${variables.join(', ')} ${verb} not ${noun} of yours: Kubernetes writes them into every pod for the Service ${JSON.stringify(service)}. Set enableServiceLinks: false in the pod's spec, or give the Service another name.`;
}
