import { messageOf } from '../../errors.ts';

/** Why there is no answer, and whether to ask again is of no use: the address is wrong, and not the moment. */
export interface ConnectionFault {
  message: string;
  isLasting: boolean;
}

/** What Node calls a certificate that it does not trust, besides `CERT_…`. */
const CERTIFICATES = /^(CERT_|DEPTH_ZERO_SELF|SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|ERR_TLS_CERT)/;
/** Why there may be none for now: whoever starts later, or again, has these first. */
const PASSING: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no host of this name is known',
  EAI_AGAIN: 'the name cannot be looked up',
};

/** What keeps a request from its answer, in words. */
export function explainConnection(url: string, error: unknown): ConnectionFault {
  const { code = '', name } = error as NodeJS.ErrnoException;
  const isTls = url.startsWith('https:');
  const lasting = (message: string) => ({ message, isLasting: true });
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return lasting(`it does not speak TLS (${code}). Is it an http:// address?`);
  }
  if (CERTIFICATES.test(code)) {
    return lasting(
      `its certificate is not trusted (${code}). NODE_EXTRA_CA_CERTS names a file of certificates that are, too.`,
    );
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_'))
    return lasting(`it and this machine do not agree on TLS (${code})`);
  if (name === 'HTTPParserError' || code.startsWith('HPE_')) return lasting('it does not speak HTTP');
  if (code === 'UND_ERR_SOCKET' && !isTls) {
    return { message: `it closes the connection (${code}), as a port of https:// does`, isLasting: false };
  }
  const reason = PASSING[code] ?? (messageOf(error) || 'no connection');
  return { message: code === '' ? reason : `${reason} (${code})`, isLasting: false };
}
