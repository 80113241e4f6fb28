import { isIP } from 'node:net';
import { type HostName, parseHostName, parseHostPattern } from '../../settings/host-name.ts';
import { isLoopback } from '../../settings/loopback.ts';

/**
 * The names that a server answers to. A page of a foreign name whose DNS answer was changed to this machine's address
 * is, for the browser, of the same origin as the server: only the `host` header, which still bears the foreign name,
 * tells it from the server's own pages.
 *
 * No such attack uses an address instead of the name. So loopback addresses, and `localhost` with all below it, are
 * always answered to, and all other addresses where a connection can come to one: probes and scrapers have them.
 */
export class AllowedHosts {
  private readonly hosts: readonly HostName[];
  private readonly isAny: boolean;
  /** Whether connections come from this machine alone. */
  readonly isOnLoopback: boolean;
  /** The last header that was answered to: nearly all requests bear the same one, and addresses take long to compare. */
  private lastAnswered: string | undefined;

  /**
   * @param allowed as in `ALLOWED_HOSTS`: names and addresses, with or without a port; `*.example.com`; `*`.
   * @param boundHost the address that the server listens on.
   */
  constructor(allowed: readonly string[], boundHost: string) {
    this.isAny = allowed.includes('*');
    this.hosts = allowed.flatMap((text) => parseHostPattern(text) ?? []);
    this.isOnLoopback = isLoopback(boundHost);
  }

  /** @param header the request's `host`; clients other than browsers may omit it or leave it empty. */
  has(header: string | undefined): boolean {
    if (this.isAny || header === undefined || header === '' || header === this.lastAnswered) return true;
    const host = parseHostName(header);
    if (host === null || !this.answersTo(host)) return false;
    this.lastAnswered = header;
    return true;
  }

  private answersTo(host: HostName): boolean {
    const { name } = host;
    if (isIP(name) !== 0 && (!this.isOnLoopback || isLoopback(name))) return true;
    if (name === 'localhost' || name.endsWith('.localhost')) return true;
    return this.hosts.some((allowed) => covers(allowed, host));
  }
}

function covers(allowed: HostName, { name, port }: HostName): boolean {
  if (allowed.port !== '' && allowed.port !== port) return false;
  return allowed.name.startsWith('*.') ? name.endsWith(allowed.name.slice(1)) : name === allowed.name;
}
