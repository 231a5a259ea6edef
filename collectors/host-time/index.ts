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
import { TimeConfig } from './schema.ts'

export default defineHostCollector<TimeConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-time',
    version: '1.0.0',
    summary: 'time zone, and whether the clock is kept by NTP',
    specKey: 'time',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: TimeConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    // The same properties that systemd offers on D-Bus, without a D-Bus client.
    const shown = await runTool(context, 'timedatectl', ['show'])
    if (typeof shown !== 'string') {
      // The peer's title is that of TCP ports, by mistake: the two would want one file.
      yield* hostFailure(context, 'Time', shown)
      yield warning('TIME_NTP_UNKNOWN', 'whether NTP is active is unknown without timedatectl; both values are written as false')
    }
    const properties = typeof shown === 'string' ? shown : ''
    const zone = property(properties, 'Timezone') ?? (await zoneInFiles(context))
    if (zone === undefined) yield warning('TIME_ZONE_UNKNOWN', 'neither /etc/timezone nor /etc/localtime names a time zone')
    yield jsonFile('host-collectors/system/time.json', {
      timezone: spelling(zone ?? ''),
      ntp_synchronized: property(properties, 'NTPSynchronized') === 'yes',
      ntp_active: property(properties, 'NTP') === 'yes',
    })
  },
})

function property(shown: string, name: string): string | undefined {
  return new RegExp(`^${name}=(.+)$`, 'm').exec(shown)?.[1]?.trim()
}

/** /etc/timezone where Debian keeps it, else where the link /etc/localtime leads to. */
async function zoneInFiles(context: HostContext<unknown>): Promise<string | undefined> {
  const named = await readText(context, '/etc/timezone')
  if (typeof named === 'string' && named.trim() !== '') return named.trim()
  const target = await runTool(context, 'readlink', ['-f', '/etc/localtime'])
  return typeof target === 'string' ? /zoneinfo\/(.+)$/m.exec(target)?.[1]?.trim() : undefined
}

/** Analyzers compare with upper-case names, and with UTC however a distribution calls it. */
function spelling(zone: string): string {
  const upper = zone.toUpperCase()
  return upper === 'ETC/UTC' ? 'UTC' : upper
}
