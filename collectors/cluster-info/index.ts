import { CONTRACT, defineCollector, indentedJson, missing, reasonLine } from '../../core/contract/index.ts'
import { ClusterInfoConfig } from './schema.ts'

export default defineCollector<ClusterInfoConfig>({
  manifest: {
    apiVersion: CONTRACT,
    kind: 'Collector',
    name: 'cluster-info',
    version: '1.0.0',
    summary: 'the version of the cluster',
    specKey: 'clusterInfo',
    permissions: [{ apiGroups: [], resources: [], verbs: ['get'], nonResourceURLs: ['/version'], why: 'the version' }],
    outputs: ['cluster-info'],
  },
  configSchema: ClusterInfoConfig,
  async *collect({ kube, signal }) {
    signal.throwIfAborted()
    try {
      const version = await kube.get('/version')
      if (!version) throw new Error('the server does not tell its version')
      const info = version.json
      yield indentedJson('cluster-info/cluster_version.json', { info, string: info['gitVersion'] })
    } catch (error) {
      signal.throwIfAborted()
      yield indentedJson('cluster-info/errors.json', [reasonLine(error)])
      yield missing('CLUSTER_VERSION_MISSING', `the version of the cluster is not known: ${reasonLine(error)}`, [error])
    }
  },
})
