import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  readText,
  reasonLine,
  warning,
} from '../../core/contract/index.ts'
import { SystemPackagesConfig } from './schema.ts'

/** Of files that say why it failed. */
const TITLE = 'System Packages'
/** How long one question to the package database may take, in ms: a lock on it would hold it up for ever. */
const TIMEOUT_MS = 20_000

type PackageList = Exclude<keyof SystemPackagesConfig, 'collectorName' | 'exclude'>

interface Distribution {
  /** asks for one package, whose name comes last */
  tool: readonly [command: string, ...args: string[]]
  /** its packages, and those of single major versions */
  any: PackageList
  ofVersion: Readonly<Record<string, PackageList>>
}

const DPKG = ['dpkg', '-s'] as const
const RPM = ['rpm', '-qi'] as const
const DISTRIBUTIONS: Readonly<Record<string, Distribution>> = {
  ubuntu: { tool: DPKG, any: 'ubuntu', ofVersion: { 16: 'ubuntu16', 18: 'ubuntu18', 20: 'ubuntu20' } },
  rhel: { tool: RPM, any: 'rhel', ofVersion: { 7: 'rhel7', 8: 'rhel8', 9: 'rhel9' } },
  rocky: { tool: RPM, any: 'rocky', ofVersion: { 8: 'rocky8', 9: 'rocky9' } },
  centos: { tool: RPM, any: 'centos', ofVersion: { 7: 'centos7', 8: 'centos8', 9: 'centos9' } },
  ol: { tool: RPM, any: 'ol', ofVersion: { 7: 'ol7', 8: 'ol8', 9: 'ol9' } },
  amzn: { tool: RPM, any: 'amzn', ofVersion: { 2: 'amzn2' } },
}

interface Package {
  name: string
  /** what the tool prints of it */
  details: string
  exitCode: string
  error?: string
}

export default defineHostCollector<SystemPackagesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-system-packages',
    version: '1.0.0',
    summary: 'whether packages of the distribution are installed',
    specKey: 'systemPackages',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: SystemPackagesConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { os, osVersion } = await release(context)
    const distribution = Object.hasOwn(DISTRIBUTIONS, os) ? DISTRIBUTIONS[os] : undefined
    if (!distribution || osVersion === '') {
      const known = Object.keys(DISTRIBUTIONS).join(', ')
      const what = os === '' ? 'the distribution is unknown' : `packages of ${os} ${osVersion || 'without a version'} are unknown`
      yield* hostFailure(context, TITLE, warning('SYSTEM_PACKAGES_UNKNOWN', `${what}; known are those of ${known}`))
      return
    }
    const { any, ofVersion } = distribution
    const lists = [any, ofVersion[osVersion.split('.')[0] ?? ''] ?? []].flat()
    const packages: Package[] = []
    try {
      for (const name of lists.flatMap((list) => context.config[list])) {
        packages.push(await ask(context, distribution.tool, name))
        context.signal.throwIfAborted()
      }
    } catch (error) {
      context.signal.throwIfAborted()
      const told = warning('HOST_TOOL_FAILED', `${distribution.tool[0]} could not be run: ${reasonLine(error)}`)
      yield* hostFailure(context, TITLE, told)
      return
    }
    const path = `host-collectors/system/${context.config.collectorName || 'packages'}-packages.json`
    yield jsonFile(path, { os, osVersion, packages })
  },
})

/** Lines like `VERSION_ID="8.9"`. Amazon Linux had no such file before 2014.09. */
async function release(context: HostContext<unknown>): Promise<{ os: string; osVersion: string }> {
  const text = await readText(context, '/etc/os-release')
  const field = (name: string) =>
    typeof text === 'string' ? (new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1] ?? '').trim() : ''
  if (field('ID') !== '') return { os: field('ID'), osVersion: field('VERSION_ID') }
  const old = await readText(context, '/etc/system-release')
  const [, osVersion] = (typeof old === 'string' && /Amazon Linux.*?(\S+)\s*$/m.exec(old)) || []
  return osVersion === undefined ? { os: '', osVersion: '' } : { os: 'amzn', osVersion }
}

async function ask({ host }: HostContext<unknown>, tool: Distribution['tool'], name: string): Promise<Package> {
  const [command, ...args] = tool
  const { stdout, stderr, exitCode } = await host.exec(command, [...args, name], { timeoutMs: TIMEOUT_MS })
  return { name, details: stdout, exitCode: String(exitCode), ...(stderr === '' ? {} : { error: stderr }) }
}
