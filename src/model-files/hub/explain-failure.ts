import type { HubClientOptions } from './hub-client.ts';

/** What a hub answered instead of what was asked for. */
export interface HubAnswer {
  status: number;
  /** Hugging Face's `x-error-code`. */
  code: string | null;
  subject: string;
}

type Settings = Pick<HubClientOptions, 'title' | 'endpoint' | 'endpointSetting' | 'tokenSetting' | 'token'>;

const ELSEWHERE = 'or copy the model folder to this machine and set MODEL to it';

/** The one line for a status: what was found and what to do. Never holds a token. */
export function explainStatus({ status, code, subject }: HubAnswer, settings: Settings): string {
  const { title, endpoint, endpointSetting, tokenSetting } = settings;
  const hasToken = settings.token !== '';
  const found = `${title} (${endpoint}) answered ${status}`;
  if (code === 'GatedRepo') {
    return hasToken
      ? `${subject} is gated, and the account behind ${tokenSetting} has no access yet (${status}). Request access at ${endpoint}/${subject}, then try again.`
      : `${subject} is gated (${status}). Accept its terms at ${endpoint}/${subject}, then set ${tokenSetting} to a token of that account.`;
  }
  if (code === 'RevisionNotFound') {
    return `${subject} has no such revision (${status}). Correct REVISION, or the part after @ in MODEL: expected a branch, tag or commit.`;
  }
  if (code === 'EntryNotFound')
    return `${found}: a file of ${subject} no longer exists. Run \`hotvec pull ${subject}\`.`;
  if (status === 401 || status === 403) {
    return hasToken
      ? `${found} for ${subject}: ${tokenSetting} was not accepted, or its account is not allowed to read this model. Check the token and the name.`
      : `${found} for ${subject}: there is no such model, or it is private. Check the name, or set ${tokenSetting}.`;
  }
  if (status === 404) {
    const hint = hasToken ? '' : `, or set ${tokenSetting} if it is private`;
    return `${found}: it has no model ${subject}, or no such revision. Check MODEL and REVISION${hint}.`;
  }
  if (status === 429) {
    const hint = hasToken ? '' : `, set ${tokenSetting} (signed-in users have a higher rate limit)`;
    return `${found} for ${subject}: too many requests. Try again later${hint}, or set ${endpointSetting} to a mirror.`;
  }
  if (status >= 500) {
    return `${found} for ${subject} repeatedly. Try again later (downloaded data is kept), set ${endpointSetting} to a mirror, ${ELSEWHERE}.`;
  }
  return `${found} for ${subject}. Check MODEL, REVISION and ${endpointSetting}.`;
}

/** The one line for a hub that does not answer at all. */
export function explainUnreachable(reason: string, subject: string, settings: Settings): string {
  const { title, endpoint, endpointSetting } = settings;
  return `${title} (${endpoint}) cannot be reached for ${subject}: ${reason}. Check the network and HTTPS_PROXY, set ${endpointSetting} to a mirror, ${ELSEWHERE}.`;
}

/** The one line for an answer that is not the hub's API: a captive portal, a wrong endpoint. */
export function explainNonsense(subject: string, { title, endpoint, endpointSetting }: Settings): string {
  return `${endpoint} did not respond to a request for ${subject} the way ${title} does. Check ${endpointSetting} and HTTPS_PROXY.`;
}
