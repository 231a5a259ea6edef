import { expect, it } from 'vitest'
import hostSysctl from '../../collectors/host-sysctl/index.ts'
import { condition } from '../agent/analysis/run-analyzer.ts'
import { codes, collect, texts } from './collect.ts'

const PATH = 'host-collectors/system/sysctl.json'
const STDERR = 'host-collectors/system/sysctl-stderr.txt'

const files = {
  '/proc/sys/net/ipv4/ip_forward': '1\n',
  '/proc/sys/net/ipv4/tcp_rmem': '4096\t131072\t6291456\n',
  '/proc/sys/net/ipv4/conf/eth0.100/forwarding': '0\n',
  '/proc/sys/net/ipv4/conf/eth0/forwarding': '1\n',
  '/proc/sys/kernel/domainname': '\n',
  '/proc/sys/kernel/motd': ' a b \n',
  '/proc/sys/kernel/core_modes': 'file\npipe\n',
  '/proc/sysrq-trigger': 'x',
  '/proc/cpuinfo': 'x',
}

it('gives each parameter as sysctl spells it, by name', async () => {
  const gathered = await collect(hostSysctl, {}, { files })
  expect(codes(gathered)).toEqual([])
  expect(Object.entries(JSON.parse(texts(gathered)[PATH]!) as object)).toEqual([
    ['kernel.core_modes', 'file\npipe'],
    ['kernel.domainname', ''],
    ['kernel.motd', 'a b '],
    ['net.ipv4.conf.eth0.forwarding', '1'],
    ['net.ipv4.conf.eth0/100.forwarding', '0'],
    ['net.ipv4.ip_forward', '1'],
    ['net.ipv4.tcp_rmem', '4096\t131072\t6291456'],
  ])
  expect(texts(gathered)[STDERR]).toBeUndefined()
})

it('leaves out what sysctl -a leaves out, and does not read it', async () => {
  const unread = Object.fromEntries(
    ['vm/stat_refresh', 'net/ipv4/neigh/eth0/retrans_time', 'net/ipv6/neigh/lo/base_reachable_time'].map((name) => [
      `/proc/sys/${name}`,
      new Error('it was read'),
    ]),
  )
  const also = { '/proc/sys/net/ipv4/neigh/eth0/retrans_time_ms': '1000\n' }
  const gathered = await collect(hostSysctl, {}, { files: { ...unread, ...also } })
  expect(texts(gathered)).toEqual({ [PATH]: '{"net.ipv4.neigh.eth0.retrans_time_ms":"1000"}' })
})

it('says beside them which could not be read', async () => {
  const denied = new Error("EACCES: permission denied, open '/proc/sys/net/ipv4/route/flush'")
  const gathered = await collect(hostSysctl, {}, { files: { ...files, '/proc/sys/net/ipv4/route/flush': denied } })
  expect(codes(gathered)).toEqual([])
  expect(texts(gathered)[PATH]).toContain('ip_forward')
  expect(texts(gathered)[STDERR]).toBe(`/proc/sys/net/ipv4/route/flush cannot be read: ${denied.message}\n`)
})

it.each([
  ['none can be read', { files: { '/proc/sys/kernel/arch': new Error('EACCES: denied') } }, 'EACCES'],
  ['there are none', { files: {} }, 'nothing below /proc/sys/'],
  ['there is no sysctl on a Mac', { platform: 'darwin' as const }, 'sysctl could not be run'],
])('gives a warning and no file when %s', async (_, machine, said) => {
  const gathered = await collect(hostSysctl, {}, machine)
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['SYSCTL_UNKNOWN']])
  expect(gathered.warnings[0]?.message).toContain(said)
})

it('runs sysctl on a Mac', async () => {
  const commands = { 'sysctl -a': 'kern.ostype: Darwin\nkern.boottime: { sec = 1, usec = 2 }\nhw.empty:\n\nno parameter\n' }
  const gathered = await collect(hostSysctl, {}, { platform: 'darwin', commands })
  expect(JSON.parse(texts(gathered)[PATH]!)).toEqual({
    'hw.empty': '',
    'kern.boottime': '{ sec = 1, usec = 2 }',
    'kern.ostype': 'Darwin',
  })
})

it.each([
  ['net.ipv4.ip_forward == 1', 'held'],
  ['net.ipv4.ip_forward > 1', 'not'],
  ['net.ipv4.none == 1', 'error'],
])('is understood by the analyzer: %s', async (when, want) => {
  expect(condition('hostAnalyzers', 'sysctl', when, texts(await collect(hostSysctl, {}, { files })))).toBe(want)
})
