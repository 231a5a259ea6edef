import type { Clock } from '../../../core/clock.ts'
import { fail } from '../../../core/errors.ts'
import { KubeClient } from '../../../core/kube/client.ts'
import { connectionFrom } from '../../../core/kube/handed-connection.ts'
import { createNodeRelay } from '../../../core/node-relay.ts'
import type { RunRequest } from '../../../core/task.ts'
import { IMAGE } from '../../config.ts'
import { workOnNodes } from '../../hosts/work-on-nodes.ts'
import type { Parent } from '../parent.ts'

interface OwnNodesEdge {
  clock: Clock
  version: string
  random(): number
  needToken(): Promise<string>
}

/** The way to nodes of a run that has its user's own rights: the task works there itself. `stop` resolves once nothing is left. */
export interface OwnNodes {
  nodes: Parent['nodes']
  stop(): Promise<void>
}

/**
 * Pods on nodes as the user of the kubeconfig, in its namespace. Nothing is sent before nodes are wanted.
 *
 * @throws CLUSTER_NEEDED
 */
export function ownNodes({ cluster, run, hostImage = IMAGE }: RunRequest, edge: OwnNodesEdge): OwnNodes {
  if (!cluster) throw fail('CLUSTER_NEEDED', { key: 'runHostCollectorsInPod' })
  const { clock, random, version } = edge
  const connection = connectionFrom(cluster.connection, edge.needToken)
  const client = new KubeClient(connection, { clock, random, userAgent: `support-bundle-schedule/${version}` })
  const work = workOnNodes({ client, namespace: connection.namespace, image: hostImage }, run)
  let stop = async (): Promise<void> => undefined
  return {
    nodes(wanted, listener) {
      const relay = createNodeRelay((message) => {
        if (message.type === 'nodes' || message.type === 'node' || message.type === 'nodes-over') listener(message)
      }, work)
      stop = relay.stop
      relay.take({ type: 'want-nodes', ...wanted })
      return { heard: (node) => relay.take({ type: 'node-heard', node }) }
    },
    async stop() {
      await stop()
      client.close()
    },
  }
}
