import { CONTRACT, defineHostCollector, HOST_ERRORS, hostFailure } from '../../core/contract/index.ts'
import { ipv4Of, noIpv4, statusFile } from '../../core/contract/web/network-status.ts'
import { TcpPortStatusConfig } from './schema.ts'

/** Of files that say why it failed. */
const TITLE = 'TCP Port Status'

export default defineHostCollector<TcpPortStatusConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-tcp-port-status',
    version: '1.0.0',
    summary: 'whether a TCP port of this machine can be listened at and connected to',
    specKey: 'tcpPortStatus',
    permissions: [],
    outputs: ['host-collectors/tcpPortStatus', HOST_ERRORS],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: TcpPortStatusConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, interface: name, port } = context.config
    const host = ipv4Of(await context.network.addresses(), name)
    if (host === undefined) return yield* hostFailure(context, TITLE, noIpv4(name))
    const path = `host-collectors/tcpPortStatus/${collectorName || 'tcpPortStatus'}.json`
    const listen = { host: name ? host : '0.0.0.0', port }
    const attempt = () => context.network.arrive(listen, { host, port }, TIMEOUT_MS)
    yield* statusFile(context, { path, title: TITLE, attempt })
  },
})

/** The peer's. */
const TIMEOUT_MS = 10_000
