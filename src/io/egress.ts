// Which addresses we may connect to: checked on the literal host and on every resolved address, so a name that
// resolves to a forbidden address (DNS rebinding included) is refused like the address itself.
import dns from 'node:dns'
import net from 'node:net'
import { ConfigError, SourceError } from '../model/errors.ts'

/** Refused whatever is allowed: link-local (cloud metadata lives there), unspecified, multicast, metadata over IPv6. */
const NEVER = [
  '169.254.0.0/16',
  'fe80::/10',
  '0.0.0.0/8',
  '224.0.0.0/4',
  '255.255.255.255/32',
  'ff00::/8',
  '::/128',
  'fd00:ec2::/32',
]
/** Refused unless an allowed range holds them. */
export const PRIVATE_NETWORKS: readonly string[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '100.64.0.0/10',
  '192.0.0.0/24',
  '198.18.0.0/15',
  '240.0.0.0/4',
  '::1/128',
  'fc00::/7',
]

export interface Egress {
  /** Why this address is refused, or undefined. */
  refusal(address: string): string | undefined
}

function blockList(ranges: readonly string[]): net.BlockList {
  const list = new net.BlockList()
  for (const range of ranges) {
    const [address, bits] = range.split('/')
    const family = net.isIP(address!)
    const size = Number(bits ?? (family === 6 ? 128 : 32))
    if (family === 0 || !Number.isInteger(size) || size < 0 || size > (family === 6 ? 128 : 32)) {
      throw new ConfigError(
        `egress: expected an address range such as 10.0.0.0/8, found ${JSON.stringify(range)}`,
      )
    }
    list.addSubnet(address!, size, family === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

/** IPv4 addresses in IPv6 clothes: mapped (::ffff:a.b.c.d), compatible (::a.b.c.d), NAT64 (64:ff9b::) and 6to4 (2002::). */
function unwrapped(address: string): string {
  if (net.isIP(address) !== 6) return address
  const groups = expand(address)
  const v4 = (high: number, low: number) => `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
  const zeros = (count: number) => groups.slice(0, count).every((group) => group === 0)
  if (zeros(5) && groups[5] === 0xffff) return v4(groups[6]!, groups[7]!)
  if (zeros(6) && groups[6] !== 0) return v4(groups[6]!, groups[7]!)
  if (groups[0] === 0x64 && groups[1] === 0xff9b) return v4(groups[6]!, groups[7]!)
  if (groups[0] === 0x2002) return v4(groups[1]!, groups[2]!)
  return address
}

function expand(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address.split('%')[0]!)
  const plain = dotted
    ? `${dotted[1]}${((Number(dotted[2]) << 8) | Number(dotted[3])).toString(16)}:${((Number(dotted[4]) << 8) | Number(dotted[5])).toString(16)}`
    : address.split('%')[0]!
  const [head, tail] = plain.split('::')
  const parse = (text: string | undefined) =>
    text ? text.split(':').map((group) => Number.parseInt(group, 16)) : []
  const [left, right] = [parse(head), parse(tail)]
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

/** Only public addresses, and the ranges given. */
export function createEgress(allow: readonly string[]): Egress {
  const never = blockList(NEVER)
  const closed = blockList(PRIVATE_NETWORKS)
  const open = blockList(allow)
  const within = (list: net.BlockList, address: string) =>
    list.check(address, net.isIP(address) === 6 ? 'ipv6' : 'ipv4')
  return {
    refusal(address) {
      const bare = unwrapped(address.split('%')[0]!)
      if (net.isIP(bare) === 0) return `${address} is not an address`
      if (within(never, bare))
        return `${address} is a link-local, metadata or multicast address, which is never called`
      if (within(closed, bare) && !within(open, bare) && !within(open, address)) {
        return `${address} is a private address; if it is meant, add it to notify.egress.allow, such as [${address}/${net.isIP(address) === 6 ? 128 : 32}]`
      }
      return undefined
    },
  }
}

/** For a host that is an address itself: no look-up happens for it, so it is checked here. */
export function refuseLiteral(host: string, egress: Egress): void {
  const bare = host.replace(/^\[|\]$/g, '')
  const reason = net.isIP(bare) === 0 ? undefined : egress.refusal(bare)
  if (reason !== undefined) throw new SourceError('denied', `egress refused: ${reason}`, { subject: host })
}

/** A `lookup` for sockets: resolves, and fails when any address of the name is refused. */
export const guardedLookup =
  (egress: Egress): net.LookupFunction =>
  (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0)
      const reason = addresses
        .map(({ address }) => egress.refusal(address))
        .find((found) => found !== undefined)
      if (reason !== undefined) {
        return callback(
          new SourceError('denied', `egress refused: ${hostname} resolves to ${reason}`, {
            subject: hostname,
          }),
          '',
          0,
        )
      }
      if (options.all) return callback(null, addresses)
      const [first] = addresses
      return callback(null, first!.address, first!.family)
    })
  }

/** An allowed address of a host, for libraries that take no `lookup`. */
export function resolveAllowed(host: string, egress: Egress): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  try {
    refuseLiteral(host, egress)
  } catch (error) {
    return Promise.reject(error as Error)
  }
  guardedLookup(egress)(host, { all: false }, (error, address) =>
    error === null && typeof address === 'string' ? resolve(address) : reject(error),
  )
  return promise
}
