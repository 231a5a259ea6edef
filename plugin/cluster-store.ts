import { systemClock } from '../core/clock.ts'
import { isFailure } from '../core/errors.ts'
import { KubeClient } from '../core/kube/client.ts'
import { handOver, tokenRenewal } from '../core/kube/handed-connection.ts'
import { type KubeOverrides, loadKubeconfig } from '../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../core/kube/node-world.ts'
import { createConfigMapStore } from '../core/store/config-map-store.ts'
import type { OnProblem } from '../core/store/store.ts'
import { VERSION } from '../core/version.ts'
import { agentWarnings } from './agent-check.ts'
import type { ClusterAccess, ClusterStore, HandedCluster } from './cli-edge.ts'

export interface KubeUser {
  env: Readonly<Record<string, string | undefined>>
  home: string
  isTty: boolean
}

const worldOf = (user: KubeUser) =>
  nodeKubeWorld({ env: user.env, homeFolder: user.home, clock: systemClock, interactive: user.isTty })

/** The cluster that the user means, for a task: by default its entries look wherever this user may. Undefined without any kubeconfig. */
export async function handCluster(overrides: KubeOverrides, user: KubeUser): Promise<HandedCluster | undefined> {
  try {
    const connection = await loadKubeconfig(worldOf(user), overrides, 'collecting from a cluster')
    const namespaces = [overrides.namespace ?? '*']
    const handed = await handOver(connection)
    return { request: { connection: handed, namespaces, podTokens: true }, renewToken: tokenRenewal(connection, handed) }
  } catch (error) {
    const isNamed = overrides.kubeconfig !== undefined || overrides.context !== undefined
    if (!isNamed && isFailure(error, 'KUBECONFIG_MISSING')) return undefined
    throw error
  }
}

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
