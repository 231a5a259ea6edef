import { CONTRACT, defineHostCollector, HOST_ERRORS, hostFailure, jsonFile, runTool } from '../../core/contract/index.ts'
import { HostServicesConfig } from './schema.ts'

interface Unit {
  Unit: string
  Load: string
  Active: string
  Sub: string
}

export default defineHostCollector<HostServicesConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-services',
    version: '1.0.0',
    summary: 'services that systemd knows, with their state',
    specKey: 'hostServices',
    permissions: [],
    outputs: ['host-collectors/system', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: HostServicesConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const listed = await runTool(context, 'systemctl', ['list-units', '--type=service', '--no-legend', '--all'])
    // The peer's title is that of block devices, by mistake: the two would want one file.
    if (typeof listed !== 'string') yield* hostFailure(context, 'Host Services', listed)
    yield jsonFile('host-collectors/system/systemctl_services.json', typeof listed === 'string' ? unitsIn(listed) : [])
  },
})

/** Lines like `  ssh.service loaded active running OpenBSD Secure Shell server`, failed ones with a mark before the name. */
function unitsIn(listed: string): Unit[] {
  return listed
    .split('\n')
    .map((line) => line.replace(/^[\s●○×↻*]+/, '').split(/\s+/))
    .filter((fields) => fields.length >= 4)
    .map(([unit = '', load = '', active = '', sub = '']) => ({ Unit: unit, Load: load, Active: active, Sub: sub }))
}
