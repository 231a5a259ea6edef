import { describe, expect, it } from 'vitest'
import hostHttpLoadBalancer from '../../collectors/host-http-load-balancer/index.ts'
import hostTcpConnect from '../../collectors/host-tcp-connect/index.ts'
import hostTcpLoadBalancer from '../../collectors/host-tcp-load-balancer/index.ts'
import hostTcpPortStatus from '../../collectors/host-tcp-port-status/index.ts'
import hostUdpPortStatus from '../../collectors/host-udp-port-status/index.ts'
import type { HostCollectorPlugin } from '../../core/contract/index.ts'
import { networkError } from '../../core/testkit/index.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, issues, texts } from './collect.ts'
import { listeningNetwork, tryIn } from './host-network.ts'

const ROOT = 'host-collectors'
const addresses = [{ name: 'eth0', address: '192.0.2.2', family: 'IPv4' as const, isLoopback: false }]

/** What each asks the network for. */
const ASKED: [collector: HostCollectorPlugin, entry: object, asked: unknown[], path: string][] = [
  [hostTcpConnect, { address: 'db.example:5432' }, ['connect', { host: 'db.example', port: 5432 }, 10_000], 'connect/connect'],
  [
    hostTcpConnect,
    { address: '[fd00::1]:1', timeout: '1m', collectorName: 'c' },
    ['connect', { host: 'fd00::1', port: 1 }, 60_000],
    'connect/c',
  ],
  [hostUdpPortStatus, { port: 53 }, ['bindUdp', { host: '0.0.0.0', port: 53 }], 'udpPortStatus/udpPortStatus'],
  [
    hostUdpPortStatus,
    { port: 53, interface: 'eth1' },
    ['bindUdp', { host: '198.51.100.3', port: 53 }],
    'udpPortStatus/udpPortStatus',
  ],
  [
    hostTcpPortStatus,
    { port: 80 },
    ['arrive', { host: '0.0.0.0', port: 80 }, { host: '192.0.2.2', port: 80 }, 10_000],
    'tcpPortStatus/tcpPortStatus',
  ],
  [
    hostTcpPortStatus,
    { port: 80, interface: 'lo', collectorName: 'c' },
    ['arrive', { host: '127.0.0.1', port: 80 }, { host: '127.0.0.1', port: 80 }, 10_000],
    'tcpPortStatus/c',
  ],
  [
    hostTcpLoadBalancer,
    { port: 80, address: 'lb.example:443' },
    ['arrive', { host: '0.0.0.0', port: 80 }, { host: 'lb.example', port: 443 }, 60_000],
    'tcpLoadBalancer/tcpLoadBalancer',
  ],
  [
    hostHttpLoadBalancer,
    { port: 80, address: 'http://lb.example/x', path: '/y', timeout: '5s' },
    ['arrive', { host: '0.0.0.0', port: 80 }, 'http://lb.example/x', 5000],
    'httpLoadBalancer/httpLoadBalancer',
  ],
]

it.each(ASKED)('entry %# asks for what %j means', async (collector, entry, wanted, path) => {
  const { asked, network } = listeningNetwork()
  const gathered = await tryIn(collector, entry, network)
  expect(asked).toEqual([wanted])
  expect(texts(gathered)).toEqual({ [`${ROOT}/${path}.json`]: '{"status":"connected","message":""}' })
  expect(codes(gathered)).toEqual([])
})

const FAILING: [key: string, collector: HostCollectorPlugin, entry: object, fails: (error: Error) => object, path: string][] = [
  ['tcpConnect', hostTcpConnect, { address: 'x:1' }, (error) => ({ tcp: { 'x:1': error } }), 'connect/connect'],
  ['udpPortStatus', hostUdpPortStatus, { port: 9 }, (error) => ({ udp: { '0.0.0.0:9': error } }), 'udpPortStatus/udpPortStatus'],
  [
    'tcpPortStatus',
    hostTcpPortStatus,
    { port: 9 },
    (error) => ({ addresses, arrivals: { '192.0.2.2:9': error } }),
    'tcpPortStatus/tcpPortStatus',
  ],
  [
    'tcpLoadBalancer',
    hostTcpLoadBalancer,
    { port: 9, address: 'x:1' },
    (error) => ({ arrivals: { 'x:1': error } }),
    'tcpLoadBalancer/tcpLoadBalancer',
  ],
  [
    'httpLoadBalancer',
    hostHttpLoadBalancer,
    { port: 9, address: 'http://x' },
    (error) => ({ arrivals: { 'http://x': error } }),
    'httpLoadBalancer/httpLoadBalancer',
  ],
]
const STATUSES = [
  ['ECONNREFUSED', 'connection-refused'],
  ['ETIMEDOUT', 'connection-timeout'],
  ['EADDRINUSE', 'address-in-use'],
  ['EACCES', 'error'],
  ['EHOSTUNREACH', 'error'],
] as const

describe.each(FAILING)('%s', (key, collector, entry, fails, path) => {
  it.each(STATUSES)('says what %s means, as our analyzer understands it', async (code, usual) => {
    const status = key === 'httpLoadBalancer' && code === 'EACCES' ? 'bind-permission-denied' : usual
    const gathered = await tryIn(collector, entry, fails(networkError(code, 'why not')))
    expect(texts(gathered)).toEqual({ [`${ROOT}/${path}.json`]: JSON.stringify({ status, message: 'why not' }) })
    expect(gathered.warnings).toEqual([{ type: 'warning', code: 'NETWORK_TRY_FAILED', message: `${status}: why not` }])
    expect(condition('hostAnalyzers', key, status, texts(gathered))).toBe('held')
    expect(condition('hostAnalyzers', key, 'connected', texts(gathered))).toBe('not')
  })
})

describe('an address that is none', () => {
  it.each(['x', 'x:y', 'x:70000', 'fd00::1', 'http://x:1'])('%s is no place to connect to', async (address) => {
    const gathered = await tryIn(hostTcpConnect, { address })
    expect(texts(gathered)).toEqual({
      [`${ROOT}/connect/connect.json`]: '{"status":"error","message":"the address must be host:port"}',
    })
  })

  it.each(['x', 'LB.example:80', '1.2.3:80', '1.2.3.400:80', 'a_b:80', ':80', 'x:0', '-x:80', 'http://x:80'])(
    '%s is no load balancer',
    async (address) => {
      const gathered = await tryIn(hostTcpLoadBalancer, { port: 1, address })
      expect(JSON.parse(Object.values(texts(gathered))[0] ?? '')).toEqual({
        status: 'invalid-address',
        message: `Invalid Load Balancer Address: ${address}`,
      })
    },
  )
})

it.each([
  [hostTcpPortStatus, { port: 1, interface: 'gone' }, 'interface gone has no IPv4 address'],
  [hostTcpPortStatus, { port: 1, interface: 'v6' }, 'interface v6 has no IPv4 address'],
  [hostUdpPortStatus, { port: 1, interface: 'gone' }, 'interface gone has no IPv4 address'],
])('entry %# without an address says so', async (collector, entry, message) => {
  const gathered = await tryIn(collector, entry, listeningNetwork().network)
  expect([texts(gathered), gathered.warnings]).toEqual([{}, [{ type: 'warning', code: 'NO_IPV4_ADDRESS', message }]])
  expect((await tryIn(hostTcpPortStatus, { port: 1 })).warnings).toMatchObject([{ message: 'no interface has an IPv4 address' }])
})

it.each<[HostCollectorPlugin, object, string]>([
  [hostTcpConnect, {}, 'address'],
  [hostTcpConnect, { address: 'x:1', timeout: '5' }, 'timeout: must be a duration'],
  [hostTcpPortStatus, { port: 0 }, 'port'],
  [hostUdpPortStatus, { port: 65_536 }, 'port'],
  [hostTcpLoadBalancer, { address: 'x:1' }, 'port'],
  [hostHttpLoadBalancer, { port: 1 }, 'address'],
])('entry %# is refused', async (collector, entry, said) => {
  expect((await issues(collector, entry)).join('\n')).toContain(said)
})
