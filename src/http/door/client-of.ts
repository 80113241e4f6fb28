import { isIPv6, type Socket } from 'node:net';

/**
 * Whom a connection is from, where no key says it: the address, of IPv6 the first 64 bits, which one subscriber has all
 * to himself. Behind a proxy all clients have its address.
 */
export function clientOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress) ?? [];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(remoteAddress)) return remoteAddress;
  const [address = ''] = remoteAddress.split('%');
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...(address.includes('::') ? zeros : []), ...tail].slice(0, 4).join(':');
}
