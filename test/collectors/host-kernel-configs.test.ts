import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import hostKernelConfigs from '../../collectors/host-kernel-configs/index.ts'
import { run } from '../agent/analysis/run-analyzer.ts'
import { codes, collect, texts } from './collect.ts'

const PATH = 'host-collectors/system/kernel-configs.json'
const release = { '/proc/sys/kernel/osrelease': '6.1.0\n' }
const found = async (files: Record<string, string | Uint8Array | Error>, commands = {}) => {
  const gathered = await collect(hostKernelConfigs, {}, { files, commands })
  const text = texts(gathered)[PATH]
  return { codes: codes(gathered), json: text === undefined ? undefined : (JSON.parse(text) as unknown) }
}

it('has what is built in, a module, or left out, and nothing else', async () => {
  const lines = [
    'CONFIG_BRIDGE=m',
    'CONFIG_NF_NAT=y',
    'CONFIG_OLD=n',
    'CONFIG_WINDOWS=y\r',
    '# CONFIG_A is not set',
    '#CONFIG_B=y',
    'CONFIG_HZ=250',
    'CONFIG_LSM="y"',
    'CONFIG_CC=yes',
    ' CONFIG_D=y',
  ]
  expect(await found({ ...release, '/boot/config-6.1.0': lines.join('\n') })).toEqual({
    codes: [],
    json: { CONFIG_BRIDGE: 'm', CONFIG_NF_NAT: 'y', CONFIG_OLD: 'n', CONFIG_WINDOWS: 'y' },
  })
})

const PLACES = [
  '/proc/config.gz',
  '/boot/config-6.1.0',
  '/usr/src/linux-6.1.0/.config',
  '/usr/src/linux/.config',
  '/usr/lib/modules/6.1.0/config',
  '/usr/lib/ostree-boot/config-6.1.0',
  '/usr/lib/kernel/config-6.1.0',
  '/usr/src/linux-headers-6.1.0/.config',
  '/lib/modules/6.1.0/build/.config',
]
const contentOf = (path: string) => {
  const text = `CONFIG_P${PLACES.indexOf(path)}=y\n`
  return path.endsWith('.gz') ? gzipSync(text) : text
}

it.each(PLACES.map((path, index) => [path, index] as const))('%s comes before those after it', async (path, index) => {
  const rest = Object.fromEntries(PLACES.slice(index).map((one) => [one, contentOf(one)]))
  expect((await found({ ...release, ...rest })).json).toEqual({ [`CONFIG_P${PLACES.indexOf(path)}`]: 'y' })
})

it.each([
  ['cannot be read', new Error('EACCES: denied')],
  ['cannot be unpacked', 'no gzip'],
  ['unpacks to more than any configuration', gzipSync(Buffer.alloc(17 * 2 ** 20))],
])('goes on when a file %s', async (_, content) => {
  const { json } = await found({ ...release, '/proc/config.gz': content, '/boot/config-6.1.0': 'CONFIG_A=y\n' })
  expect(json).toEqual({ CONFIG_A: 'y' })
})

it('reads no file that is larger than any configuration', async () => {
  const large = 'CONFIG_A=y\n'.repeat(17 * 2 ** 17)
  const { json } = await found({ ...release, '/boot/config-6.1.0': large, '/usr/src/linux/.config': 'CONFIG_B=y\n' })
  expect(json).toEqual({ CONFIG_B: 'y' })
})

it('asks uname where the kernel does not say its release', async () => {
  const files = { '/boot/config-5.0': 'CONFIG_A=y\n' }
  expect(await found(files, { 'uname -r': '5.0\n' })).toEqual({ codes: [], json: { CONFIG_A: 'y' } })
  expect(await found(files)).toEqual({ codes: ['HOST_TOOL_FAILED', 'KERNEL_CONFIGS_NOT_FOUND'], json: undefined })
})

it('gives a warning and no file when there is none', async () => {
  expect(await found({ ...release, '/boot/config-6.2.0': 'CONFIG_A=y\n' })).toEqual({
    codes: ['KERNEL_CONFIGS_NOT_FOUND'],
    json: undefined,
  })
})

it('is understood by the analyzer', async () => {
  const outcomes = [{ pass: { message: 'all there' } }, { fail: { message: 'without {{ .ConfigsNotFound }}' } }]
  const files = texts(await collect(hostKernelConfigs))
  const verdict = (selectedConfigs: string[]) =>
    run('hostAnalyzers', 'kernelConfigs', { selectedConfigs, outcomes }, files)[0]?.message
  expect(verdict(['CONFIG_BRIDGE=ym', 'CONFIG_NF_NAT=y'])).toBe('all there')
  expect(verdict(['CONFIG_BRIDGE=y', 'CONFIG_A=ym'])).toBe('without CONFIG_BRIDGE=y, CONFIG_A=ym')
})
