import { systemClock } from '../core/clock.ts'
import { KubeClient } from '../core/kube/client.ts'
import { type KubeOverrides, loadKubeconfig } from '../core/kube/kubeconfig.ts'
import { createConfigMapStore } from '../core/store/config-map-store.ts'
import type { OnProblem } from '../core/store/store.ts'
import { VERSION } from '../core/version.ts'
import { agentWarnings } from './agent-check.ts'
import type { ClusterAccess, ClusterStore } from './cli-edge.ts'
import { type KubeUser, worldOf } from './hand-cluster.ts'

/** The API server that the user means. Throws KUBECONFIG_MISSING, KUBECONFIG_INVALID. */
export async function openCluster(overrides: KubeOverrides, user: KubeUser, what = 'this command'): Promise<ClusterAccess> {
  const connection = await loadKubeconfig(worldOf(user), overrides, what)
  const userAgent = `kubectl-support-bundle-schedule/${VERSION}`
  const client = new KubeClient(connection, { clock: systemClock, random: Math.random, userAgent })
  return { client, namespace: connection.namespace }
}

/** The store of the cluster that the user means. Throws KUBECONFIG_MISSING, KUBECONFIG_INVALID. */
export async function openClusterStore(overrides: KubeOverrides, user: KubeUser, onProblem: OnProblem): Promise<ClusterStore> {
  const { client, namespace } = await openCluster(overrides, user, 'a store in a cluster')
  return {
    store: createConfigMapStore({ client, onProblem }),
    namespace,
    warnings: (job, secrets) => agentWarnings(client, namespace, job, secrets),
  }
}
