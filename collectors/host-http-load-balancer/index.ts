import { CONTRACT, defineHostCollector, HOST_ERRORS, networkStatus } from '../../core/contract/index.ts'
import { statusFile } from '../../core/contract/web/network-status.ts'
import { HttpLoadBalancerConfig } from './schema.ts'

export default defineHostCollector<HttpLoadBalancerConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-http-load-balancer',
    version: '1.0.0',
    summary: 'whether requests to a load balancer arrive at this machine',
    specKey: 'httpLoadBalancer',
    permissions: [],
    outputs: ['host-collectors/httpLoadBalancer', HOST_ERRORS],
    platforms: ['linux', 'darwin', 'win32'],
  },
  configSchema: HttpLoadBalancerConfig,
  collect(context) {
    const { collectorName, address, port, timeout } = context.config
    const path = `host-collectors/httpLoadBalancer/${collectorName || 'httpLoadBalancer'}.json`
    const attempt = () => context.network.arrive({ host: '0.0.0.0', port }, address, timeout || TIMEOUT_MS)
    return statusFile(context, {
      path,
      title: 'HTTP Load Balancer',
      attempt,
      statusOf: (error) => (isDenied(error) ? 'bind-permission-denied' : networkStatus(error)),
      // As the peer: that requests do not come through is an answer, that nothing could listen is an error.
      isError: (status) => status === 'address-in-use' || status === 'bind-permission-denied',
    })
  },
})

/** The peer's is an hour, which an unattended run cannot wait. */
const TIMEOUT_MS = 60_000

/** Ports below 1024 are not for everybody. Only this collector of the peer has a word for it. */
const isDenied = (error: unknown) => (error as { code?: unknown } | null)?.code === 'EACCES'
