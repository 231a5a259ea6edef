import type { Clock } from '../../core/clock.ts'
import type { KubeObject } from '../../core/kube/apply-kinds.ts'
import type { KubeClient } from '../../core/kube/client.ts'
import { listAll } from '../../core/kube/list.ts'
import { deleteObject, getObject, mergePatch } from '../../core/kube/objects.ts'
import { resourcePath } from '../../core/kube/path.ts'
import { isStatus } from '../../core/kube/status-error.ts'
import { AGENT_NAME, LABEL_ENABLED, LABEL_KIND, LABEL_REPLICA } from '../../core/names.ts'
import { safe } from '../output/text.ts'
import type { Told } from './apply-all.ts'
import { AGENT_PODS } from './wait-ready.ts'

const LOOK_EACH_MS = 500

/** Waits until no pod of the agent is left: one that still works would write again what is removed. Gives up after a while. */
export async function waitGone(
  client: KubeClient,
  namespace: string,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<boolean> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'pods' })
  const endMs = clock.monotonicMs() + timeoutMs
  for (;;) {
    const { items } = await listAll(client, { path, query: { labelSelector: AGENT_PODS } })
    if (items.length === 0) return true
    if (clock.monotonicMs() >= endMs) return false
    await clock.sleep(LOOK_EACH_MS, signal)
  }
}

/** A last write of an agent that was at work may come after a look. */
const LOOKS = 3

/** Removes the jobs of a namespace, and all records of theirs: our ConfigMaps, and no others. */
export async function removeJobs({ client, out }: Told, namespace: string): Promise<void> {
  const path = resourcePath({ version: 'v1', namespace, plural: 'configmaps' })
  let count = 0
  for (let look = 0; look < LOOKS; look++) {
    const { items } = await listAll(client, { path, query: { labelSelector: LABEL_KIND } })
    if (items.length === 0) break
    for (const { metadata } of items) {
      const name = metadata.name ?? ''
      if (await deleteObject(client, resourcePath({ version: 'v1', namespace, plural: 'configmaps', name }))) count++
    }
  }
  if (count > 0) out(`${count} jobs and records in namespace ${safe(namespace)} deleted\n`)
}

const namespacePath = (name: string) => resourcePath({ version: 'v1', plural: 'namespaces', name })

/** Sets the label that opts a namespace in, or takes it off. Undefined: there is no such namespace. */
export async function labelNamespace(
  client: KubeClient,
  name: string,
  isEnabled: boolean,
): Promise<'labeled' | 'unlabeled' | 'unchanged' | undefined> {
  // Who may not read it may still be told by the patch.
  const found = await getObject(client, namespacePath(name)).catch((error: unknown) => {
    if (isStatus(error, 403)) return 'unseen' as const
    throw error
  })
  if (found === undefined) return undefined
  const value = found === 'unseen' ? undefined : found.metadata.labels?.[LABEL_ENABLED]
  if (found !== 'unseen' && (isEnabled ? value === 'true' : value === undefined)) return 'unchanged'
  try {
    await mergePatch(client, namespacePath(name), { metadata: { labels: { [LABEL_ENABLED]: isEnabled ? 'true' : null } } })
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
  return isEnabled ? 'labeled' : 'unlabeled'
}

/** The Leases that agents made in their namespace. */
export async function removeLeases({ client, out }: Told, namespace: string): Promise<void> {
  const leases = { group: 'coordination.k8s.io', version: 'v1', namespace, plural: 'leases' }
  const { items } = await listAll(client, { path: resourcePath(leases), query: { labelSelector: LABEL_REPLICA } })
  for (const name of [AGENT_NAME, ...items.flatMap(({ metadata }) => metadata.name ?? [])])
    if (await deleteObject(client, resourcePath({ ...leases, name }))) out(`lease.coordination.k8s.io/${safe(name)} deleted\n`)
}

/** True for what a tenant's namespace holds of ours. */
export const isTenants = ({ metadata }: KubeObject): boolean => metadata.labels?.['app.kubernetes.io/component'] === 'tenant'
