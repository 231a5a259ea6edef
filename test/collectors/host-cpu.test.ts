import { expect, it } from 'vitest'
import hostCpu from '../../collectors/host-cpu/index.ts'
import { codes, collect, texts } from './collect.ts'
import { server, serverBut } from './machines.ts'

const PATH = 'host-collectors/system/cpu.json'
const withoutTopology = Object.fromEntries(
  Object.keys(server.files)
    .filter((path) => path.startsWith('/sys/devices'))
    .map((path) => [path, undefined]),
)

it('counts threads, cores and flags', async () => {
  expect(texts(await collect(hostCpu))).toEqual({
    [PATH]: '{"logicalCount":4,"physicalCount":2,"flags":["fpu","vme","sse","sse2","avx"],"machineArch":"x86_64"}',
  })
})

it('falls back to the older name of the siblings, then to /proc/cpuinfo', async () => {
  const siblings = {
    '/sys/devices/system/cpu/cpu0/topology/thread_siblings_list': '0\n',
    '/sys/devices/system/cpu/cpu1/topology/thread_siblings_list': '1\n',
    '/sys/devices/system/cpu/cpu2/topology/thread_siblings_list': '2-3\n',
  }
  const older = await collect(hostCpu, {}, serverBut({ files: { ...withoutTopology, ...siblings } }))
  expect(JSON.parse(older.files[0]!.text)).toMatchObject({ physicalCount: 3 })
  const none = await collect(hostCpu, {}, serverBut({ files: withoutTopology }))
  expect(JSON.parse(none.files[0]!.text)).toMatchObject({ physicalCount: 2 })
})

it('reads ARM machines, which call flags Features, and s390x, which counts elsewhere', async () => {
  const arm = 'processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: fp asimd aes\n\nprocessor\t: 1\nFeatures\t: fp asimd aes\n'
  const onArm = await collect(hostCpu, {}, serverBut({ files: { '/proc/cpuinfo': arm } }))
  expect(JSON.parse(onArm.files[0]!.text)).toMatchObject({ logicalCount: 2, flags: ['fp', 'asimd', 'aes'] })
  const s390 = 'vendor_id       : IBM/S390\n# processors    : 2\nprocessor number 0: version = FF\n'
  const onS390 = await collect(hostCpu, {}, serverBut({ files: { '/proc/cpuinfo': s390 } }))
  expect(JSON.parse(onS390.files[0]!.text)).toMatchObject({ logicalCount: 2 })
})

it('asks uname where the kernel has no file for the architecture', async () => {
  const older = { '/proc/sys/kernel/arch': undefined }
  const told = await collect(hostCpu, {}, serverBut({ files: older, commands: { 'uname -m': 'aarch64\n' } }))
  expect(JSON.parse(told.files[0]!.text)).toMatchObject({ machineArch: 'aarch64' })
  const untold = await collect(hostCpu, {}, serverBut({ files: older, commands: {} }))
  expect([codes(untold), JSON.parse(Object.values(texts(untold))[0]!)]).toMatchObject([
    ['HOST_TOOL_FAILED'],
    { logicalCount: 4, machineArch: '' },
  ])
})

it('warns and writes nothing without /proc/cpuinfo', async () => {
  const gathered = await collect(hostCpu, {}, serverBut({ files: { '/proc/cpuinfo': undefined } }))
  expect([texts(gathered), codes(gathered)]).toEqual([{}, ['HOST_FILE_UNREADABLE']])
})
