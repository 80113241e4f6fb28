import { isIP } from 'node:net';

/** A host in one spelling. */
export interface HostName {
  /** In lower case, without brackets and the final dot. */
  name: string;
  /** Empty: none is named. */
  port: string;
}

/** Reads `name`, `name:port` or an address, as in a `host` header; null: it is none. */
export function parseHostName(text: string): HostName | null {
  const [, host, port = ''] = /^(\[[\da-f:.]+\]|[\w.-]+)(?::(\d*))?$/i.exec(text) ?? [];
  if (host === undefined || !URL.canParse(`http://${host}`)) return null;
  // As browsers read it: 127.1 and 0x7f000001 are 127.0.0.1.
  const { hostname } = new URL(`http://${host}`);
  return { name: hostname.replace(/^\[|\]$|\.$/g, ''), port };
}

/** Reads what `ALLOWED_HOSTS` may name besides: `*.example.com`, whose name keeps the asterisk, and a bare IPv6 address. */
export function parseHostPattern(text: string): HostName | null {
  if (isIP(text) === 6) return parseHostName(`[${text}]`);
  const isBelow = text.startsWith('*.');
  const host = parseHostName(isBelow ? text.slice(2) : text);
  if (host === null || !isBelow) return host;
  return isIP(host.name) === 0 ? { ...host, name: `*.${host.name}` } : null;
}
