import { expect, it } from 'vitest'
import hostIpv4Interfaces from '../../collectors/host-ipv4-interfaces/index.ts'
import { codes, collect, texts } from './collect.ts'
import { server, serverBut } from './machines.ts'

const PATH = 'host-collectors/system/ipv4Interfaces.json'
const ETH0 = { Index: 2, MTU: 1400, Name: 'eth0', HardwareAddr: 'AvwAAAAB', Flags: 51 }

it('lists interfaces that are up and have an IPv4 address, as Go writes them', async () => {
  const { [PATH]: text } = texts(await collect(hostIpv4Interfaces))
  expect(JSON.parse(text!)).toEqual([
    ETH0,
    { Index: 3, MTU: 1500, Name: 'docker0', HardwareAddr: 'AkKaHwAB', Flags: 19 },
    { Index: 5, MTU: 1480, Name: 'tunl0', HardwareAddr: null, Flags: 33 },
  ])
})

it.each([
  ['ip is missing', {}],
  ['ip is too old for JSON', { ip: { stderr: 'Option "-json" is unknown, try "ip -help".', exitCode: 255 } }],
  ['ip prints something else', { ip: '2: eth0: <UP>' }],
])('finds the same interface in /proc and /sys when %s, and says which address it cannot place', async (_, commands) => {
  const gathered = await collect(hostIpv4Interfaces, {}, serverBut({ commands }))
  expect(JSON.parse(texts(gathered)[PATH]!)).toEqual([ETH0])
  expect(gathered.warnings[0]?.code).toBe('HOST_TOOL_FAILED')
  expect(gathered.warnings.slice(1)).toEqual([
    { type: 'warning', code: 'IPV4_INTERFACE_UNKNOWN', message: 'no route tells which interface has 203.0.113.7' },
  ])
})

it('does not call an interface running that has no carrier', async () => {
  const files = { '/sys/class/net/eth0/operstate': 'down\n' }
  const gathered = await collect(hostIpv4Interfaces, {}, serverBut({ files, commands: {} }))
  expect(JSON.parse(texts(gathered)[PATH]!)).toEqual([{ ...ETH0, Flags: 19 }])
})

it('warns and writes nothing when there is neither ip nor /proc/net', async () => {
  const gathered = await collect(hostIpv4Interfaces, {}, { ...server, files: {}, commands: {} })
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['HOST_TOOL_FAILED', 'HOST_FILE_UNREADABLE']])
})
