import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import hostSubnetAvailable from '../../collectors/host-subnet-available/index.ts'
import { hasFreeSubnet, parseRange, parseRoutes } from '../../collectors/host-subnet-available/ranges.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, issues, texts } from './collect.ts'
import { tryIn } from './host-network.ts'

/** A line of /proc/net/route: bytes stand there the last first. */
function route(cidr: string): string {
  const [address = '', prefix = ''] = cidr.split('/')
  const hex = (bytes: number[]) =>
    bytes
      .toReversed()
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('')
      .toUpperCase()
  const mask = [24, 16, 8, 0].map((bits) => Math.floor((2 ** 32 - 2 ** (32 - Number(prefix))) / 2 ** bits) % 256)
  return `eth0\t${hex(address.split('.').map(Number))}\t00000000\t0001\t0\t0\t100\t${hex(mask)}\t0\t0\t0`
}
const table = (...routes: string[]) =>
  [
    'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT',
    route('0.0.0.0/0'),
    ...routes.map(route),
    '',
  ].join('\n')
const files = (text: string) => ({ files: { '/proc/net/route': text } })

it.each<[string, number, string[], boolean]>([
  ['10.0.0.0/8', 16, [], true],
  ['10.0.0.0/8', 16, ['10.0.0.0/8'], false],
  ['10.0.0.0/8', 16, ['10.0.0.0/9'], true],
  ['10.0.0.0/8', 8, ['10.1.2.3/32'], false],
  ['10.0.0.0/30', 32, ['10.0.0.0/31', '10.0.0.2/32'], true],
  ['10.0.0.0/30', 32, ['10.0.0.0/31', '10.0.0.2/32', '10.0.0.3/32'], false],
  ['10.0.0.128/8', 9, ['10.0.0.0/24'], true],
  ['10.0.0.0/8', 9, ['10.0.0.0/24', '10.200.0.0/16'], false],
  ['0.0.0.0/0', 1, ['10.0.0.0/8'], true],
  ['0.0.0.0/0', 1, ['10.0.0.0/8', '192.168.0.0/16'], false],
  ['255.255.255.0/24', 32, ['255.255.255.0/25'], true],
])('%s has a free /%i beside %j: %s', async (range, size, routes, isFree) => {
  const gathered = await tryIn(hostSubnetAvailable, { CIDRRangeAlloc: range, desiredCIDR: size }, {}, files(table(...routes)))
  const status = isFree ? 'a-subnet-is-available' : 'no-subnet-available'
  expect(texts(gathered)).toEqual({
    'host-collectors/subnetAvailable/result.json': JSON.stringify({ CIDRRangeAlloc: range, desiredCIDR: size, status }),
  })
  expect(codes(gathered)).toEqual([])
  expect(condition('hostAnalyzers', 'subnetAvailable', status, texts(gathered))).toBe('held')
})

it('finds what a look at each subnet finds', () => {
  const ranges = fc.array(fc.tuple(fc.nat(255), fc.integer({ min: 25, max: 32 })), { maxLength: 12 })
  fc.assert(
    fc.property(ranges, fc.integer({ min: 24, max: 32 }), (routes, size) => {
      const taken = routes.map(([last, prefix]) => parseRange(`10.0.0.${last}/${prefix}`))
      const step = 2 ** (32 - size)
      const within = parseRange('10.0.0.0/24')
      const isFree = Array.from({ length: 256 / step }, (_, at) => within.first + at * step).some((first) =>
        taken.every((one) => one.last < first || one.first >= first + step),
      )
      expect(hasFreeSubnet(within, size, taken)).toBe(isFree)
    }),
  )
})

describe('routes', () => {
  it('of another kind are said', async () => {
    const gathered = await tryIn(hostSubnetAvailable, { CIDRRangeAlloc: '10.0.0.0/8', desiredCIDR: 9 }, {}, files('eth0 what'))
    expect(gathered.warnings).toEqual([
      { type: 'warning', code: 'ROUTES_UNKNOWN', message: '/proc/net/route: "eth0 what" is not a route' },
    ])
  })
  it('that cannot be read are said', async () => {
    const gathered = await tryIn(hostSubnetAvailable, { CIDRRangeAlloc: '10.0.0.0/8', desiredCIDR: 9, collectorName: 'c' })
    expect(codes(gathered)).toEqual(['HOST_FILE_UNREADABLE'])
  })
  it('are ranges', () => {
    expect(parseRoutes(table('192.168.1.0/24'))).toEqual([parseRange('192.168.1.77/24')])
  })
})

it.each<[object, string]>([
  [{ CIDRRangeAlloc: '10.0.0.0', desiredCIDR: 9 }, 'must be a range of IPv4 addresses'],
  [{ CIDRRangeAlloc: 'fd00::/8', desiredCIDR: 9 }, 'must be a range of IPv4 addresses'],
  [{ CIDRRangeAlloc: '10.0.0.0/33', desiredCIDR: 9 }, 'must be a range of IPv4 addresses'],
  [{ CIDRRangeAlloc: '10.0.0.0/16', desiredCIDR: 15 }, 'must not be larger than the range itself'],
  [{ CIDRRangeAlloc: '10.0.0.0/16', desiredCIDR: 33 }, 'desiredCIDR'],
])('refuses %j', async (entry, said) => {
  expect((await issues(hostSubnetAvailable, entry)).join('\n')).toContain(said)
})
