import { systemClock } from '../core/clock.ts'
import { isFailure } from '../core/errors.ts'
import { handOver, tokenRenewal } from '../core/kube/handed-connection.ts'
import { type KubeOverrides, loadKubeconfig } from '../core/kube/kubeconfig.ts'
import { nodeKubeWorld } from '../core/kube/node-world.ts'
import type { HandedCluster } from './cli-edge.ts'

/** Who means a cluster. */
export interface KubeUser {
  env: Readonly<Record<string, string | undefined>>
  home: string
  isTty: boolean
}

/** Where the user's kubeconfig is read, and what it names. */
export const worldOf = (user: KubeUser) =>
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
