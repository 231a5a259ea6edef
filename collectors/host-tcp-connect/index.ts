import { CONTRACT, defineHostCollector, HOST_ERRORS, parseEndpoint } from '../../core/contract/index.ts'
import { statusFile } from '../../core/contract/web/network-status.ts'
import { TcpConnectConfig } from './schema.ts'

export default defineHostCollector<TcpConnectConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-tcp-connect',
    version: '1.0.0',
    summary: 'whether a TCP connection can be opened',
    specKey: 'tcpConnect',
    permissions: [],
    outputs: ['host-collectors/connect', HOST_ERRORS],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: TcpConnectConfig,
  collect(context) {
    const { collectorName, address, timeout } = context.config
    const attempt = async () => {
      const endpoint = parseEndpoint(address)
      if (!endpoint) throw new Error('the address must be host:port')
      await context.network.connect(endpoint, timeout || TIMEOUT_MS)
    }
    const path = `host-collectors/connect/${collectorName || 'connect'}.json`
    return statusFile(context, { path, title: 'TCP Connection Attempt', attempt })
  },
})

/** The peer's. */
const TIMEOUT_MS = 10_000
