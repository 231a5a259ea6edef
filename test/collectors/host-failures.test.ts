import { expect, it } from 'vitest'
import type { HostCollectorPlugin } from '../../core/contract/index.ts'
import { hostContext } from '../../core/testkit/index.ts'
import { hostErrors } from './collect.ts'
import { tryIn } from './host-network.ts'

const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
const taken = Object.assign(new Error('listen EADDRINUSE'), { code: 'EADDRINUSE' })
const pair = { certificatePath: '/a.crt', keyPath: '/a.key' }
const subnet = { CIDRRangeAlloc: '10.0.0.0/8', desiredCIDR: 9 }

const load = async (name: string) =>
  ((await import(`../../collectors/${name}/index.ts`)) as { default: HostCollectorPlugin }).default

/** A machine that has nothing, and a network in which nothing can be reached or listened at. */
const NOWHERE = {
  ...{ addresses: async () => [{ name: 'eth0', address: '192.0.2.2', family: 'IPv4' as const, isLoopback: false }] },
  ...{ connect: () => Promise.reject(refused), bindUdp: () => Promise.reject(taken), arrive: () => Promise.reject(taken) },
  ask: () => Promise.reject(refused),
}

it.each<[collector: string, entry: object, file: string, error: string]>([
  ['host-block-devices', {}, 'Block Devices', 'lsblk could not be run'],
  ['host-certificate', pair, 'Certificate Key Pair', '/a.crt cannot be read'],
  ['host-copy', { path: '/a' }, 'copy', '/a: EACCES'],
  ['host-cpu', {}, 'CPU Info', '/proc/cpuinfo cannot be read'],
  ['host-disk-usage', { path: '/secret' }, 'Disk Usage ', '/secret: EACCES'],
  ['host-dns', { hostnames: ['a'] }, 'dns', '/etc/resolv.conf cannot be read'],
  ['host-filesystem-performance', { directory: '/secret' }, 'Filesystem Performance', '/secret: EACCES'],
  ['host-http-load-balancer', { address: 'http://lb', port: 80 }, 'HTTP Load Balancer', 'EADDRINUSE'],
  ['host-ipv4-interfaces', {}, 'IPv4 Interfaces', '/proc/net/fib_trie cannot be read'],
  ['host-journald', {}, 'journald', 'ENOENT'],
  ['host-kernel-configs', {}, 'kernel-configs', 'no configuration of the running kernel'],
  ['host-kernel-modules', {}, 'Kernel Modules', '/proc/modules cannot be read'],
  ['host-memory', {}, 'Amount of Memory', '/proc/meminfo cannot be read'],
  ['host-os', {}, 'Host OS Info', 'uname could not be run'],
  ['host-run', { command: 'gone' }, 'Run Host', 'gone: spawn gone ENOENT'],
  ['host-services', {}, 'Host Services', 'systemctl could not be run'],
  ['host-subnet-available', subnet, 'Subnet Available', '/proc/net/route cannot be read'],
  ['host-sysctl', {}, 'Sysctl', 'no kernel parameter could be read'],
  ['host-system-packages', {}, 'System Packages', 'the distribution is unknown'],
  ['host-tcp-connect', { address: 'a:1' }, 'TCP Connection Attempt', 'ECONNREFUSED'],
  ['host-tcp-load-balancer', { address: 'a:1', port: 1 }, 'TCP Load Balancer', 'EADDRINUSE'],
  ['host-tcp-port-status', { port: 1 }, 'TCP Port Status', 'EADDRINUSE'],
  ['host-tcp-port-status', { port: 1, interface: 'x' }, 'TCP Port Status', 'interface x has no IPv4 address'],
  ['host-time', {}, 'Time', 'timedatectl could not be run'],
  ['host-udp-port-status', { port: 1 }, 'UDP Port Status', 'EADDRINUSE'],
  ['host-udp-port-status', { port: 1, interface: 'x' }, 'UDP Port Status', 'interface x has no IPv4 address'],
])('%s %j says why it failed in the file that the peer writes: %s', async (name, entry, title, error) => {
  const machine = { files: { '/a': denied, '/secret': denied }, usage: { '/secret': denied } }
  const collector = await load(name)
  const timestamp = hostContext({ config: {} })
    .clock.now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
  const said = { error: expect.stringContaining(error) as string, timestamp }
  expect(hostErrors(await tryIn(collector, entry, NOWHERE, machine))).toEqual({
    [`${title}-error.json`]: { collector: title, ...said },
  })
  const named = await tryIn(collector, { ...entry, collectorName: 'mine' }, NOWHERE, machine)
  expect(hostErrors(named)).toEqual({ 'mine-error.json': { collector: 'mine', ...said } })
  expect(collector.manifest.outputs).toContain('host-collectors/errors')
})

it('a load balancer that sends requests elsewhere is an answer, as for the peer', async () => {
  const elsewhere = { ...NOWHERE, arrive: () => Promise.reject(refused) }
  const tried = await tryIn(await load('host-http-load-balancer'), { address: 'http://lb', port: 80 }, elsewhere)
  expect(hostErrors(tried)).toEqual({})
  const mayNot = { ...NOWHERE, arrive: () => Promise.reject(denied) }
  const refusing = await tryIn(await load('host-http-load-balancer'), { address: 'http://lb', port: 80 }, mayNot)
  expect(Object.keys(hostErrors(refusing))).toEqual(['HTTP Load Balancer-error.json'])
})
