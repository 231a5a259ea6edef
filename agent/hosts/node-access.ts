import { fail, isFailure, reasonOf } from '../../core/errors.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { HOST_NAMESPACE, STORE_ACCOUNT } from '../../core/names.ts'
import { accountCredentials } from '../identity/account-credentials.ts'
import type { NodeAccess } from '../outside.ts'
import { leftBy } from '../task/kube/sweep.ts'
import { removeLeftPods } from './left-pods.ts'
import { workOnNodes } from './work-on-nodes.ts'

const TOKEN_SECONDS = 3_600

/**
 * The agent's way to nodes, by pods in a namespace where nobody else may make any. Its token stays in this process: whoever has it
 * owns the nodes. The work rejects with HOSTS_UNAVAILABLE where the namespace or the rights are not there.
 *
 * @param agent the agent's own client, which may ask for that token
 */
export function nodeAccess(agent: KubeClient, image: string): NodeAccess {
  const account = { namespace: HOST_NAMESPACE, name: STORE_ACCOUNT, tokenSeconds: TOKEN_SECONDS }
  const user = `ServiceAccount ${HOST_NAMESPACE}/${STORE_ACCOUNT}`
  const place = { client: agent.withCredentials(accountCredentials(agent, account), user), namespace: HOST_NAMESPACE, image }
  return {
    work: (run) => {
      const work = workOnNodes(place, run)
      return (...all) =>
        work(...all).catch((error: unknown) => {
          throw isUnset(error) ? fail('HOSTS_UNAVAILABLE', { reason: reasonOf(error) }, error) : error
        })
    },
    sweep: (runUid) => removeLeftPods(place, leftBy(runUid)),
  }
}

const isUnset = (error: unknown) => isStatus(error, 401, 403, 404) || isFailure(error, 'TENANT_INCOMPLETE', 'AGENT_RIGHTS')
