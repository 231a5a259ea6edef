import {
  CONTRACT,
  defineHostCollector,
  HOST_ERRORS,
  hostFailure,
  jsonFile,
  readText,
  reasonLine,
  warning,
} from '../../core/contract/index.ts'
import { hasFreeSubnet, parseRange, parseRoutes } from './ranges.ts'
import { SubnetAvailableConfig } from './schema.ts'

/** Of files that say why it failed. */
const TITLE = 'Subnet Available'
const ROUTES = '/proc/net/route'

export default defineHostCollector<SubnetAvailableConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'HostCollector',
    name: 'host-subnet-available',
    version: '1.0.0',
    summary: 'whether a range of IPv4 addresses has a subnet that no route uses',
    specKey: 'subnetAvailable',
    permissions: [],
    outputs: ['host-collectors/subnetAvailable', HOST_ERRORS],
    platforms: ['linux'],
  },
  configSchema: SubnetAvailableConfig,
  async *collect(context) {
    context.signal.throwIfAborted()
    const { collectorName, CIDRRangeAlloc, desiredCIDR } = context.config
    const text = await readText(context, ROUTES)
    if (typeof text !== 'string') return yield* hostFailure(context, TITLE, text)
    try {
      const isFree = hasFreeSubnet(parseRange(CIDRRangeAlloc), desiredCIDR, parseRoutes(text))
      const status = isFree ? 'a-subnet-is-available' : 'no-subnet-available'
      const path = `host-collectors/subnetAvailable/${collectorName || 'result'}.json`
      yield jsonFile(path, { CIDRRangeAlloc, desiredCIDR, status })
    } catch (error) {
      yield* hostFailure(context, TITLE, warning('ROUTES_UNKNOWN', `${ROUTES}: ${reasonLine(error)}`))
    }
  },
})
