import type { FastifyInstance } from 'fastify';
import { HotvecError } from '../../errors.ts';
import { AllowedHosts } from './allowed-hosts.ts';

export interface HostCheckOptions {
  /** `ALLOWED_HOSTS`. */
  allowedHosts: readonly string[];
  /** The address that the server listens on. */
  boundHost: string;
  asksForKeys: boolean;
}

/**
 * Refuses requests that name another host. Where no host is allowed by name, only a server needs that which is open to
 * all of its machine, and so to the machine's browser: one on loopback that asks for no keys. Any other is found under names
 * that it cannot know.
 */
export function registerHostCheck(app: FastifyInstance, options: HostCheckOptions): void {
  const { allowedHosts, boundHost, asksForKeys } = options;
  const hosts = new AllowedHosts(allowedHosts, boundHost);
  const isOn = allowedHosts.length > 0 || (!asksForKeys && hosts.isOnLoopback);
  if (!isOn) return;
  app.addHook('onRequest', async ({ raw }) => {
    if (hosts.has(raw.headers.host)) return;
    throw new HotvecError(
      'host_not_allowed',
      'This server does not accept requests for the host that the request names. To allow it, add the name to ALLOWED_HOSTS.',
      { param: 'host' },
    );
  });
}
