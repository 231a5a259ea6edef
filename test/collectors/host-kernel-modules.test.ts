import { expect, it } from 'vitest'
import hostKernelModules from '../../collectors/host-kernel-modules/index.ts'
import { codes, collect, texts } from './collect.ts'
import { serverBut } from './machines.ts'

const PATH = 'host-collectors/system/kernel_modules.json'
const loadable = { size: 0, instances: 0, status: 'loadable' }
const builtIn = { size: 0, instances: 0, status: 'loaded' }
const snapshot = { size: 45056, instances: 8, status: 'loaded' }

it('lists modules by name: loaded ones with their state, then built-in, then loadable ones', async () => {
  const { [PATH]: text } = texts(await collect(hostKernelModules))
  const modules = JSON.parse(text!) as Record<string, unknown>
  expect(modules).toEqual({
    'crc32c-intel': builtIn,
    crc32c_intel: builtIn,
    'dm-snapshot': snapshot,
    'dm-thin-pool': loadable,
    dm_snapshot: snapshot,
    dm_thin_pool: loadable,
    ext4: builtIn,
    ip_tables: loadable,
    nf_conntrack: { size: 188416, instances: 5, status: 'loaded' },
    overlay: { size: 151552, instances: 3, status: 'loading' },
    strange: { size: 10, instances: 0, status: 'unknown' },
    vfio: { size: 45056, instances: 0, status: 'unloading' },
  })
  expect(Object.keys(modules)).toEqual(Object.keys(modules).toSorted())
})

it('looks under /usr/lib as well, and asks uname for the release', async () => {
  const files = {
    '/proc/sys/kernel/osrelease': undefined,
    '/proc/modules': '',
    '/usr/lib/modules/6.1.0/modules.builtin': 'kernel/fs/xfs.ko\n',
  }
  const gathered = await collect(hostKernelModules, {}, serverBut({ files, commands: { 'uname -r': '6.1.0\n' } }))
  expect([texts(gathered), codes(gathered)]).toEqual([{ [PATH]: '{"xfs":{"size":0,"instances":0,"status":"loaded"}}' }, []])
})

it('warns when the kernel has no list of modules, and writes what the files say', async () => {
  const gathered = await collect(hostKernelModules, {}, serverBut({ files: { '/proc/modules': undefined } }))
  expect(codes(gathered)).toEqual(['HOST_FILE_UNREADABLE'])
  expect(JSON.parse(texts(gathered)[PATH]!)).toMatchObject({ dm_snapshot: loadable, ext4: builtIn })
})
