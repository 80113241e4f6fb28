import { BlockList, isIP } from 'node:net';

const addresses = new BlockList();
addresses.addSubnet('127.0.0.0', 8, 'ipv4');
addresses.addAddress('::1', 'ipv6');

/**
 * Whether only this machine reaches a server that listens on `host`. Names other than `localhost`, short forms (`0`,
 * `127.1`) and anything that is not an address are not: what they mean is decided elsewhere.
 */
export function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === 'localhost';
  // Knows ::ffff:127.0.0.1 for what it is.
  return !host.includes('%') && addresses.check(host, version === 6 ? 'ipv6' : 'ipv4');
}
