import { expect, it } from 'vitest'
import hostCgroups from '../../collectors/host-cgroups/index.ts'
import { codes, collect, issues, texts } from './collect.ts'

const PATH = 'host-collectors/system/cgroups.json'
const found = async (files: Record<string, string>, entry = {}) => {
  const gathered = await collect(hostCgroups, entry, { files })
  return { codes: codes(gathered), json: JSON.parse(texts(gathered)[PATH]!) as unknown }
}
const NONE = { enabled: false, mountPoint: '', controllers: [] }

const V1 = {
  '/proc/cgroups': [
    '#subsys_name\thierarchy\tnum_cgroups\tenabled',
    'memory\t4\t337\t1',
    'cpu\t1\t2\t1',
    'net_cls\t0\t2\t0',
    'misc\t0\t1',
    '',
  ].join('\n'),
  '/sys/fs/cgroup/cpu,cpuacct/cgroup.procs': '1\n',
}
const V2 = {
  ...V1,
  '/sys/fs/cgroup/cgroup.controllers': 'pids memory cpu\n',
  '/sys/fs/cgroup/init.scope/cgroup.freeze': '0\n',
  '/proc/sys/kernel/osrelease': '6.1.0-18-amd64\n',
}
const all = (controllers: string[], mountPoint = '/sys/fs/cgroup') => ({ enabled: true, mountPoint, controllers })

it('knows version 2, with the controllers that are not listed', async () => {
  const controllers = ['cpu', 'cpuacct', 'devices', 'freezer', 'memory', 'pids']
  expect(await found(V2)).toEqual({
    codes: [],
    json: { 'cgroup-enabled': true, 'cgroup-v1': NONE, 'cgroup-v2': all(controllers), allControllers: controllers },
  })
})

it.each([
  ['4.14.355-275.582.amzn2.x86_64', false],
  ['4.15.0', true],
  ['4.18.0-513.el8', true],
  ['3.16.0', false],
  ['10.0', true],
  ['unknown', false],
])('takes devices for guarded by the release of the kernel: %s %s', async (release, isGuarded) => {
  const { json } = await found({ '/sys/fs/cgroup/cgroup.controllers': 'memory\n', '/proc/sys/kernel/osrelease': release })
  expect(json).toMatchObject({ allControllers: isGuarded ? ['devices', 'memory'] : ['memory'] })
})

it('knows the freezer of a container, which sees only its own group', async () => {
  const { json } = await found({ '/cg/cgroup.controllers': '\n', '/cg/cgroup.freeze': '0\n' }, { mountPoint: '/cg/' })
  expect(json).toMatchObject({ 'cgroup-v2': all(['freezer'], '/cg') })
})

it('knows version 1, with the controllers that are switched on', async () => {
  expect(await found(V1)).toEqual({
    codes: [],
    json: { 'cgroup-enabled': true, 'cgroup-v1': all(['cpu', 'memory']), 'cgroup-v2': NONE, allControllers: ['cpu', 'memory'] },
  })
})

it('knows one hierarchy of version 1, and that its controllers cannot be read', async () => {
  const { json } = await found({ '/cg/cpu/cgroup.procs': '1\n' }, { mountPoint: '/cg/cpu' })
  expect(json).toMatchObject({ 'cgroup-v1': all([], '/cg/cpu') })
})

it('says when there are none', async () => {
  expect(await found({ ...V2 }, { mountPoint: '/elsewhere' })).toEqual({
    codes: ['CGROUPS_NOT_FOUND'],
    json: { 'cgroup-enabled': false, 'cgroup-v1': NONE, 'cgroup-v2': NONE, allControllers: [] },
  })
})

it('looks at /sys/fs/cgroup unless told otherwise', async () => {
  expect((await found(V2, { mountPoint: '' })).codes).toEqual([])
  expect(await issues(hostCgroups, { mountPoint: 'sys/fs' })).toEqual([
    'mountPoint: must be an absolute path, like /sys/fs/cgroup',
  ])
})
