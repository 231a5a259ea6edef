import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  readText,
  runTool,
} from '../../core/contract/index.ts'
import { KernelModulesConfig } from './schema.ts'

interface Module {
  /** bytes */
  size: number
  instances: number
  status: 'unknown' | 'loaded' | 'loadable' | 'loading' | 'unloading'
}

const STATES: Record<string, Module['status']> = { Live: 'loaded', Loading: 'loading', Unloading: 'unloading' }

export default defineHostCollector<KernelModulesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-kernel-modules',
    version: '1.0.0',
    summary: 'kernel modules: loaded, built in, or loadable',
    specKey: 'kernelModules',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: KernelModulesConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const loaded = await readText(context, '/proc/modules')
    if (typeof loaded !== 'string') yield* hostFailure(context, 'Kernel Modules', loaded)
    const told = await readText(context, '/proc/sys/kernel/osrelease')
    const release = typeof told === 'string' ? told : await runTool(context, 'uname', ['-r'])
    if (typeof release !== 'string') yield release
    const folder = typeof release === 'string' ? release.trim() : ''

    // A name that several sources have is what the last of them says.
    const modules = new Map<string, Module>()
    addFiles(modules, await moduleList(context, folder, 'modules.dep'), 'loadable')
    addFiles(modules, await moduleList(context, folder, 'modules.builtin'), 'loaded')
    if (typeof loaded === 'string') addLoaded(modules, loaded)
    const sorted = [...modules].toSorted(([a], [b]) => (a < b ? -1 : 1))
    yield jsonFile('host-collectors/system/kernel_modules.json', Object.fromEntries(sorted))
  },
})

/** A list that comes with the kernel; empty where it is not installed, as in containers. */
async function moduleList(context: HostContext<unknown>, release: string, file: string): Promise<string> {
  for (const base of ['/lib/modules', '/usr/lib/modules']) {
    const text = release === '' ? undefined : await readText(context, `${base}/${release}/${file}`)
    if (typeof text === 'string') return text
  }
  return ''
}

/**
 * Lines like `kernel/drivers/md/dm-mod.ko.xz: kernel/lib/crc.ko`. Such a module stands under the name of its file and
 * under the kernel's own, `dm_mod`: specs use either.
 */
function addFiles(modules: Map<string, Module>, list: string, status: Module['status']): void {
  for (const [, name = ''] of list.matchAll(/^(?:[^\s:]*\/)?([^\s:/]+)\.ko(?:\.\w+)?(?::|$)/gm)) {
    for (const spelling of [name, name.replaceAll('-', '_')]) modules.set(spelling, { size: 0, instances: 0, status })
  }
}

/** Lines like `nf_conntrack 188416 5 nf_nat,xt_conntrack, Live 0x0000000000000000`; the file's spelling is kept in step. */
function addLoaded(modules: Map<string, Module>, listed: string): void {
  const dashed = [...modules.keys()].filter((name) => name.includes('-'))
  const fileNames = new Map(dashed.map((name) => [name.replaceAll('-', '_'), name]))
  for (const line of listed.split('\n')) {
    const [name = '', size, instances, , state = ''] = line.split(' ')
    if (name === '') continue
    const module: Module = { size: Number(size) || 0, instances: Number(instances) || 0, status: STATES[state] ?? 'unknown' }
    for (const spelling of [name, fileNames.get(name) ?? name]) modules.set(spelling, module)
  }
}
