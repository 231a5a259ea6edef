import { CONTRACT, defineHostCollector, type HostContext, indentedJson, readText, warning } from '../../core/contract/index.ts'
import { CgroupsConfig } from './schema.ts'

interface Hierarchy {
  enabled: boolean
  mountPoint: string
  controllers: string[]
}

const NONE: Hierarchy = { enabled: false, mountPoint: '', controllers: [] }

export default defineHostCollector<CgroupsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-cgroups',
    version: '1.0.0',
    summary: 'control groups: version and controllers',
    specKey: 'cgroups',
    permissions: [],
    outputs: ['host-collectors/system'],
    platforms: ['linux'],
  },
  configSchema: CgroupsConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { mountPoint } = context.config
    const v2 = await secondVersion(context)
    const v1 = v2 ? undefined : await firstVersion(context)
    context.signal.throwIfAborted()
    if (!v1 && !v2) yield warning('CGROUPS_NOT_FOUND', `there are no control groups at ${mountPoint}`)
    const mounted = (controllers: string[] | undefined) =>
      controllers ? { enabled: true, mountPoint, controllers: controllers.toSorted() } : NONE
    yield indentedJson('host-collectors/system/cgroups.json', {
      'cgroup-enabled': v1 !== undefined || v2 !== undefined,
      'cgroup-v1': mounted(v1),
      'cgroup-v2': mounted(v2),
      allControllers: mounted(v1 ?? v2).controllers,
    })
  },
})

/**
 * The controllers at a mount of version 2; undefined when it is none. Some are not listed, since they have no switch: cpu
 * counts time as well, groups have a file to freeze them, and devices are guarded by programs that kernels run since 4.15.
 */
async function secondVersion(context: HostContext<CgroupsConfig>): Promise<string[] | undefined> {
  const { host, config } = context
  const listed = await readText(context, `${config.mountPoint}/cgroup.controllers`)
  if (typeof listed !== 'string') return undefined
  const controllers = new Set(listed.split(/\s+/).filter((name) => name !== ''))
  if (controllers.has('cpu')) controllers.add('cpuacct')
  const freezers = await Promise.all(
    ['cgroup.freeze', '*/cgroup.freeze'].map((file) => host.glob(`${config.mountPoint}/${file}`)),
  )
  if (freezers.flat().length > 0) controllers.add('freezer')
  const release = await readText(context, '/proc/sys/kernel/osrelease')
  if (typeof release === 'string' && isSince(release, 4, 15)) controllers.add('devices')
  return [...controllers]
}

/** The controllers that the kernel has switched on, if there is a mount of version 1; else undefined. */
async function firstVersion(context: HostContext<CgroupsConfig>): Promise<string[] | undefined> {
  const { host, config } = context
  const groups = await Promise.all(['cgroup.procs', '*/cgroup.procs'].map((file) => host.glob(`${config.mountPoint}/${file}`)))
  if (groups.flat().length === 0) return undefined
  const listed = await readText(context, '/proc/cgroups')
  return typeof listed === 'string' ? enabledIn(listed) : []
}

/** Lines like `memory  4  337  1`: name, hierarchy, groups, whether it is switched on. */
function enabledIn(listed: string): string[] {
  return listed
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([name = '#', , , enabled = '0']) => !name.startsWith('#') && enabled !== '0')
    .map(([name = '']) => name)
}

function isSince(release: string, major: number, minor: number): boolean {
  const [, its = '0', least = '0'] = /^(\d+)\.(\d+)/.exec(release) ?? []
  return Number(its) > major || (Number(its) === major && Number(least) >= minor)
}
