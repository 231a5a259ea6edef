import { CONTRACT, defineHostCollector } from '../../core/contract/index.ts'
import { ipv4Of, noIpv4, statusFile } from '../../core/contract/web/network-status.ts'
import { UdpPortStatusConfig } from './schema.ts'

export default defineHostCollector<UdpPortStatusConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-udp-port-status',
    version: '1.0.0',
    summary: 'whether a UDP port of this machine can be listened at',
    specKey: 'udpPortStatus',
    permissions: [],
    outputs: ['host-collectors/udpPortStatus'],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: UdpPortStatusConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, interface: name, port } = context.config
    const host = name ? ipv4Of(await context.network.addresses(), name) : '0.0.0.0'
    if (host === undefined) return yield noIpv4(name)
    const path = `host-collectors/udpPortStatus/${collectorName || 'udpPortStatus'}.json`
    yield* statusFile(context, path, () => context.network.bindUdp({ host, port }))
  },
})
