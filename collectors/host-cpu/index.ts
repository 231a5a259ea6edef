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
import { CpuConfig } from './schema.ts'

/** The two names of one file, the newer first: which logical CPUs share a core. */
const SIBLINGS = ['core_cpus_list', 'thread_siblings_list'].map((file) => `/sys/devices/system/cpu/cpu*/topology/${file}`)

export default defineHostCollector<CpuConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-cpu',
    version: '1.0.0',
    summary: 'number of CPUs and cores, CPU flags, machine architecture',
    specKey: 'cpu',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: CpuConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const cpuinfo = await readText(context, '/proc/cpuinfo')
    if (typeof cpuinfo !== 'string') {
      yield* hostFailure(context, 'CPU Info', cpuinfo)
      return
    }
    const machineArch = await architecture(context)
    if (typeof machineArch !== 'string') yield* hostFailure(context, 'CPU Info', machineArch)
    yield jsonFile('host-collectors/system/cpu.json', {
      logicalCount: [...cpuinfo.matchAll(/^processor\s*:\s*\d+/gim)].length || (await countInStat(context)),
      physicalCount: (await countCores(context)) || coresIn(cpuinfo),
      flags: flagsIn(cpuinfo),
      machineArch: typeof machineArch === 'string' ? machineArch.trim() : '',
    })
  },
})

/** The kernel tells it in a file since 6.1; before that only the system call that `uname` makes. */
async function architecture(context: HostContext<unknown>) {
  const told = await readText(context, '/proc/sys/kernel/arch')
  return typeof told === 'string' ? told : runTool(context, 'uname', ['-m'])
}

/** s390x and some others number their CPUs in another way in /proc/cpuinfo. */
async function countInStat(context: HostContext<unknown>): Promise<number> {
  const stat = await readText(context, '/proc/stat')
  return typeof stat === 'string' ? [...stat.matchAll(/^cpu\d/gm)].length : 0
}

/** Logical CPUs of one core have the same list of siblings, so cores are the distinct lists. */
async function countCores(context: HostContext<unknown>): Promise<number> {
  for (const pattern of SIBLINGS) {
    const lists = new Set<string>()
    for (const path of await context.host.glob(pattern)) {
      const list = await readText(context, path)
      if (typeof list === 'string') lists.add(list.trim())
    }
    if (lists.size > 0) return lists.size
  }
  return 0
}

/** Cores by /proc/cpuinfo: "cpu cores" of each "physical id". Zero where the kernel does not tell. */
function coresIn(cpuinfo: string): number {
  const bySocket = new Map<string, number>()
  for (const section of cpuinfo.split(/\n\s*\n/)) {
    const socket = /^physical id\s*:\s*(\d+)/m.exec(section)?.[1]
    const cores = /^cpu cores\s*:\s*(\d+)/m.exec(section)?.[1]
    if (socket !== undefined && cores !== undefined) bySocket.set(socket, Number(cores))
  }
  return [...bySocket.values()].reduce((sum, cores) => sum + cores, 0)
}

/** All flags of all CPUs, each once. The line is called "Features" on ARM. */
function flagsIn(cpuinfo: string): string[] {
  const lines = [...cpuinfo.matchAll(/^(?:flags|Features)\s*:\s*(.*)$/gm)]
  return [...new Set(lines.flatMap((line) => (line[1] ?? '').split(/[\s,]+/)))].filter((flag) => flag !== '')
}
