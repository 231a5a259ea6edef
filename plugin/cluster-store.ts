import { systemClock } from '../core/clock.ts'
import { KubeClient } from '../core/kube/client.ts'
import { type KubeOverrides, loadKubeconfig } from '../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../core/kube/node-world.ts'
import { createConfigMapStore } from '../core/store/config-map-store.ts'
import type { OnProblem } from '../core/store/store.ts'
import { VERSION } from '../core/version.ts'
import { agentWarnings } from './agent-check.ts'
import type { ClusterStore } from './cli-edge.ts'

/** The store of the cluster that the user means. Throws KUBECONFIG_MISSING, KUBECONFIG_INVALID. */
export async function openClusterStore(
  overrides: KubeOverrides,
  user: { env: Readonly<Record<string, string | undefined>>; home: string; isTty: boolean },
  onProblem: OnProblem,
): Promise<ClusterStore> {
  const world = nodeKubeWorld({ env: user.env, homeFolder: user.home, clock: systemClock, interactive: user.isTty })
  const connection = await loadKubeconfig(world, overrides, 'a store in a cluster')
  const client = new KubeClient(connection, { clock: systemClock, random: Math.random, userAgent: `kubectl-support-bundle-schedule/${VERSION}` })
  return {
    store: createConfigMapStore({ client, onProblem }),
    namespace: connection.namespace,
    warnings: () => agentWarnings(client, connection.namespace),
  }
}
