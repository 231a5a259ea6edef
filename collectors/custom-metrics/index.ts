import {
  CONTRACT,
  defineCollector,
  indentedJson,
  type Kube,
  missing,
  pluginError,
  reasonLine,
} from '../../core/contract/index.ts'
import { describeValue, type MetricValue, pathOf } from './metric-value.ts'
import { CustomMetricsConfig, type MetricRequest } from './schema.ts'

/** The first that the adapter has. */
const APIS = ['/apis/custom.metrics.k8s.io/v1beta1', '/apis/custom.metrics.k8s.io/v1beta2']

export default defineCollector<CustomMetricsConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'custom-metrics',
    version: '1.0.0',
    summary: 'readings of metrics that an adapter serves, by kind and object',
    specKey: 'customMetrics',
    permissions: [
      { apiGroups: ['custom.metrics.k8s.io'], resources: ['*'], verbs: ['get'], why: 'each metric is a resource of its own' },
    ],
    outputs: ['metrics'],
  },
  configSchema: CustomMetricsConfig,
  async *collect({ config, kube, signal }) {
    signal.throwIfAborted()
    const files = new Map<string, object[]>()
    const problems: [place: string, error: unknown][] = []
    for (const request of config.metricRequests) {
      try {
        const [, metric] = partsOf(request)
        for (const value of await readingsOf(kube, request)) {
          const path = pathOf(value, metric)
          const values = files.get(path) ?? []
          values.push(describeValue(value))
          files.set(path, values)
        }
      } catch (error) {
        signal.throwIfAborted()
        problems.push([request.resourceMetricName, error])
      }
    }
    for (const [path, values] of files) yield indentedJson(path, values)
    if (problems.length > 0)
      yield indentedJson(
        'metrics/errors.json',
        problems.map(([place, error]) => `${place}: ${reasonLine(error)}`),
      )
    for (const [place, error] of problems)
      yield missing('CUSTOM_METRICS_MISSING', `no readings of ${place}: ${reasonLine(error)}`, [error])
  },
})

async function readingsOf(kube: Kube, request: MetricRequest): Promise<MetricValue[]> {
  for (const api of APIS) {
    const found = await kube.get(api + placeOf(request))
    if (!found) continue
    const { items } = found.json
    if (!Array.isArray(items)) throw new Error('the answer is no list of readings')
    return items as MetricValue[]
  }
  throw pluginError('API_NOT_FOUND', 'no adapter serves it', { class: 'config' })
}

/** `/namespaces/shop/pods/web-1/http_requests`, or a star for all; namespaces themselves have their word in the singular. */
function placeOf(request: MetricRequest): string {
  const { namespace, objectName } = request
  const [kind, metric] = partsOf(request)
  const within = namespace ? ['namespaces', namespace] : []
  const parts = [...within, kind === 'namespaces' ? 'namespace' : kind, objectName || '*', metric]
  return parts.map((part) => `/${part === '*' ? part : encodeURIComponent(part)}`).join('')
}

function partsOf({ resourceMetricName }: MetricRequest): [kind: string, metric: string] {
  const [kind, metric, ...more] = resourceMetricName.split('/')
  if (kind && metric && more.length === 0) return [kind, metric]
  throw pluginError('METRIC_NAME', 'a kind and a metric are needed, like "pods/http_requests"', { class: 'config' })
}
