import { isIP } from 'node:net'
import { CONTRACT, defineHostCollector, type Endpoint, HOST_ERRORS, parseEndpoint } from '../../core/contract/index.ts'
import { statusFile, type StatusResult } from '../../core/contract/web/network-status.ts'
import { TcpLoadBalancerConfig } from './schema.ts'

export default defineHostCollector<TcpLoadBalancerConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-tcp-load-balancer',
    version: '1.0.0',
    summary: 'whether connections to a load balancer arrive at this machine',
    specKey: 'tcpLoadBalancer',
    permissions: [],
    outputs: ['host-collectors/tcpLoadBalancer', HOST_ERRORS],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: TcpLoadBalancerConfig,
  collect(context) {
    const { collectorName, address, port, timeout } = context.config
    const path = `host-collectors/tcpLoadBalancer/${collectorName || 'tcpLoadBalancer'}.json`
    const attempt = async (): Promise<StatusResult | void> => {
      const via = parseAddress(address)
      if (!via) return { status: 'invalid-address', message: `Invalid Load Balancer Address: ${address}` }
      return context.network.arrive({ host: '0.0.0.0', port }, via, timeout || TIMEOUT_MS)
    }
    return statusFile(context, { path, title: 'TCP Load Balancer', attempt })
  },
})

/** The peer's is an hour, which an unattended run cannot wait. */
const TIMEOUT_MS = 60_000
const NAME = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/** A name in lower case or an address, and a port. */
function parseAddress(text: string): Endpoint | undefined {
  const endpoint = parseEndpoint(text)
  if (!endpoint || endpoint.port === 0 || text.startsWith(':')) return undefined
  const { host } = endpoint
  // digits and dots that are no address are no name either
  return isIP(host) > 0 || (!/^[0-9.]+$/.test(host) && host.length <= 253 && NAME.test(host)) ? endpoint : undefined
}
