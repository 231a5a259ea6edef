import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  type HostContext,
  hostFailure,
  jsonFile,
  readText,
  runTool,
  warning,
} from '../../core/contract/index.ts'
import { SysctlConfig } from './schema.ts'

const FOLDER = '/proc/sys/'
/** Old spellings of other parameters, and one whose reading makes the kernel do something: `sysctl -a` leaves them out as well. */
const LEFT_OUT = /\/(base_reachable_time|retrans_time|stat_refresh)$/
const FILE = 'host-collectors/system/sysctl'

/** Values by parameter, and a line for each parameter that could not be read. */
interface Parameters {
  values: Map<string, string>
  unreadable: string[]
}

export default defineHostCollector<SysctlConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-sysctl',
    version: '1.0.0',
    summary: 'parameters of the kernel',
    specKey: 'sysctl',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux', 'darwin'],
  },
  configSchema: SysctlConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { values, unreadable } = await (context.host.platform === 'linux' ? fromFiles(context) : fromTool(context))
    if (values.size === 0) {
      const reasons = unreadable.length > 0 ? unreadable : [`there is nothing below ${FOLDER}`]
      yield* hostFailure(context, 'Sysctl', warning('SYSCTL_UNKNOWN', `no kernel parameter could be read: ${reasons[0]}`))
      return
    }
    yield jsonFile(`${FILE}.json`, Object.fromEntries([...values].toSorted(([a], [b]) => (a < b ? -1 : 1))))
    if (unreadable.length > 0)
      yield { type: 'file', path: `${FILE}-stderr.txt`, format: 'text', body: `${unreadable.join('\n')}\n` }
  },
})

/** Each parameter is a file. Some may only be written, some only be read by root: that is usual and no warning. */
async function fromFiles(context: HostContext<unknown>): Promise<Parameters> {
  const found: Parameters = { values: new Map(), unreadable: [] }
  for (const path of await context.host.glob(`${FOLDER}**`)) {
    if (LEFT_OUT.test(path)) continue
    const text = await readText(context, path)
    if (typeof text === 'string') found.values.set(parameterOf(path), text.replaceAll(/^\s+|\n$/g, ''))
    else found.unreadable.push(text.message)
  }
  return found
}

/** As sysctl spells it: a dot within a name, as that of a VLAN, becomes a slash. */
function parameterOf(path: string): string {
  return path.slice(FOLDER.length).replaceAll(/[./]/g, (mark) => (mark === '/' ? '.' : '/'))
}

/** Lines like `kern.ostype: Darwin`. */
async function fromTool(context: HostContext<unknown>): Promise<Parameters> {
  const listed = await runTool(context, 'sysctl', ['-a'])
  if (typeof listed !== 'string') return { values: new Map(), unreadable: [listed.message] }
  const lines = listed.split('\n').map((line) => /^([^\s:=]+)\s*[:=]\s*(.*)$/.exec(line))
  return { values: new Map(lines.flatMap((found) => (found ? [[found[1] ?? '', found[2] ?? '']] : []))), unreadable: [] }
}
