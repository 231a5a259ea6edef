import type { Clock } from '../../core/clock.ts'
import type { Logger } from '../../core/contract/index.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import type { AgentConfig } from '../config.ts'
import { createApp, createMetricsApp, type ServerView } from './app.ts'
import { clusterRoutes, type ClusterSource } from './cluster-routes.ts'
import { listen } from './listen.ts'
import { reviewAuthorizer } from './review-authorizer.ts'

export interface ClusterServerEdge {
  clock: Clock
  log: Logger
  /** asks who may, as the agent */
  client: KubeClient
  config: Pick<AgentConfig, 'port' | 'metricsPort' | 'metricsEnabled'>
  configFile: string
  host: string
  notReady: ServerView['notReady']
  metrics(): string
  /** What the API shows. Undefined: there is none, as where the agent may not review tokens. */
  source: ClusterSource | undefined
}

/** Both ports of an agent in a cluster: health and API on one, metrics on the other. Throws PORT_TAKEN, PORT_FORBIDDEN. */
export async function serveCluster(
  edge: ClusterServerEdge,
): Promise<{ port: number; metricsPort: number | undefined; close(): Promise<void> }> {
  const { config, configFile, host, source, notReady } = edge
  const api = source && { authorizer: reviewAuthorizer(edge), routes: clusterRoutes(source) }
  const main = await listen(createApp({ notReady, ...(api ? { api } : {}) }), config.port, configFile, host, 'port')
  try {
    const app = createMetricsApp(() => edge.metrics())
    const metrics = config.metricsEnabled ? await listen(app, config.metricsPort, configFile, host, 'metricsPort') : undefined
    return {
      port: main.port,
      metricsPort: metrics?.port,
      close: async () => void (await Promise.all([main.close(), metrics?.close()])),
    }
  } catch (error) {
    await main.close()
    throw error
  }
}
