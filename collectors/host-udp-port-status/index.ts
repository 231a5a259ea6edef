import { CONTRACT, defineHostCollector, HOST_ERRORS, hostFailure } from '../../core/contract/index.ts'
import { ipv4Of, noIpv4, statusFile } from '../../core/contract/web/network-status.ts'
import { UdpPortStatusConfig } from './schema.ts'

/** Of files that say why it failed. */
const TITLE = 'UDP Port Status'

export default defineHostCollector<UdpPortStatusConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-udp-port-status',
    version: '1.0.0',
    summary: 'whether a UDP port of this machine can be listened at',
    specKey: 'udpPortStatus',
    permissions: [],
    outputs: ['host-collectors/udpPortStatus', HOST_ERRORS],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: UdpPortStatusConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, interface: name, port } = context.config
    const host = name ? ipv4Of(await context.network.addresses(), name) : '0.0.0.0'
    if (host === undefined) return yield* hostFailure(context, TITLE, noIpv4(name))
    const path = `host-collectors/udpPortStatus/${collectorName || 'udpPortStatus'}.json`
    yield* statusFile(context, { path, title: TITLE, attempt: () => context.network.bindUdp({ host, port }) })
  },
})
