import ipaddr from 'ipaddr.js';

const { IPv4, IPv6, isValid, parse } = ipaddr;

/** Public by its range, and inside of Microsoft's cloud the way to its metadata: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16 */
const METADATA = '168.63.129.16';
/** All that is given out to hosts: https://www.iana.org/assignments/ipv6-address-space */
const GLOBAL_UNICAST = [IPv6.parse('2000::'), 3] as const;

/** Whether an IP address is one of the public internet: nothing private, local, shared, translated, reserved or multicast. */
export function isPublicAddress(address: string): boolean {
  // A zone names an interface of this machine.
  if (address.includes('%') || !isValid(address)) return false;
  const ip = parse(address);
  if (ip.range() !== 'unicast') return false;
  if (ip instanceof IPv4) return ip.toString() !== METADATA;
  return ip.match(GLOBAL_UNICAST[0], GLOBAL_UNICAST[1]);
}
