import { PROGRAM } from '../core/errors.ts'
import { AGENT_NAME, AGENT_NAMESPACE, LABEL_ENABLED } from '../core/names.ts'
import type { KubeClient } from '../core/kube/client.ts'
import { getObject } from '../core/kube/objects.ts'
import { resourcePath } from '../core/kube/path.ts'

/** A lease is renewed each ten seconds. */
const SILENT_MS = 120_000

/**
 * Why no agent will run a job of a namespace, or deliver its bundles with these Secrets, as far as this user may see: empty
 * when one will, or nobody can tell. Each with the command that mends it.
 */
export async function agentWarnings(
  client: KubeClient,
  namespace: string,
  job: string,
  secrets: readonly string[],
): Promise<string[]> {
  const get = async (path: string) => {
    try {
      return { found: (await getObject(client, path))?.json }
    } catch {
      // Not allowed to look: no reason to warn.
      return undefined
    }
  }
  const [tenant, lease] = await Promise.all([
    get(resourcePath({ version: 'v1', plural: 'namespaces', name: namespace })),
    get(
      resourcePath({
        group: 'coordination.k8s.io',
        version: 'v1',
        namespace: AGENT_NAMESPACE,
        plural: 'leases',
        name: AGENT_NAME,
      }),
    ),
  ])
  const warnings: string[] = []
  const labels = (tenant?.found as { metadata?: { labels?: Record<string, string> } } | undefined)?.metadata?.labels ?? {}
  if (tenant?.found && labels[LABEL_ENABLED] !== 'true')
    warnings.push(`the namespace is not opted in, so no agent will run it: ${PROGRAM} install namespace ${namespace}`)
  const renewTime = (lease?.found as { spec?: { renewTime?: string } } | undefined)?.spec?.renewTime
  const isSilent = renewTime !== undefined && client.clock.now().getTime() - Date.parse(renewTime) > SILENT_MS
  if (lease && (renewTime === undefined || isSilent)) warnings.push('no agent leads in this cluster, so nothing will run it yet')
  if (labels[LABEL_ENABLED] === 'true' && secrets.length > 0)
    warnings.push(...(await unreadable(client, namespace, job, secrets)))
  return warnings
}

/** The Secrets that the agent may not read, once it is sure that it may not. */
async function unreadable(client: KubeClient, namespace: string, job: string, secrets: readonly string[]): Promise<string[]> {
  const { planCredentials } = await import('./install/rbac-plan.ts')
  const plan = await planCredentials(client, namespace, secrets).catch(() => undefined)
  if (!plan || plan.isUnsure) return []
  return plan.missing.map(
    (name) => `the agent may not read Secret "${name}" to deliver with: ${PROGRAM} rbac plan ${job} -n ${namespace} --apply`,
  )
}
