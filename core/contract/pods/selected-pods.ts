import { indentedJson, missing, reasonLine } from '../cluster-source.ts'
import type { CollectorContext, Permission, RawObject } from '../collector.ts'
import type { Output } from '../plugin.ts'
import { containersOf } from '../pod-logs.ts'

/** What running something in pods takes of the API server, once they are known. */
export const EXEC_PERMISSION: Permission = {
  apiGroups: [''],
  resources: ['pods/exec'],
  verbs: ['get', 'create'],
  why: 'Kubernetes 1.34 asks for get, 1.35 for both',
}

/** The same, and finding them. */
export const POD_EXEC_PERMISSIONS: Permission[] = [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }, EXEC_PERMISSION]

/** Pods that an entry means: all that have these labels, in its namespace or in those of the run. */
export interface PodChoice {
  selector: string[]
  namespace: string
}

/** All pods that an entry means. What could not be listed is told, and the rest still comes. */
export async function* selectedPods(
  { config, kube, namespaces }: Pick<CollectorContext<PodChoice>, 'config' | 'kube' | 'namespaces'>,
  tell: (problem: unknown) => void,
): AsyncGenerator<RawObject> {
  const { selector, namespace } = config
  const places = namespace ? [namespace] : namespaces.includes('*') ? [undefined] : namespaces
  for (const place of places) {
    try {
      for await (const pod of kube.pods({ selector, ...(place === undefined ? {} : { namespace: place }) }))
        if (!isOfARun(pod)) yield pod
    } catch (error) {
      tell(error)
    }
  }
}

/** What an entry yields when not all of the pods that it means could be listed: the file that the peer writes, and a warning. */
export function* notListed(
  { name, collectorName }: { name: string; collectorName?: string | undefined },
  code: string,
  problems: readonly unknown[],
): Generator<Output> {
  if (problems.length === 0) return
  const named = name || collectorName
  yield indentedJson(named ? `${named}-errors.json` : 'errors.json', problems.map(reasonLine))
  yield missing(code, `pods could not be listed: ${reasonLine(problems[0])}`, problems)
}

/** On pods that other entries created for the time of a run: nobody means them. */
const LABEL_RUN = 'support-bundle-schedule.io/run'

function isOfARun({ json }: RawObject): boolean {
  const { labels = {} } = (json['metadata'] ?? {}) as { labels?: Record<string, string> }
  return LABEL_RUN in labels
}

/** A container to run something in. */
export interface ExecTarget {
  namespace: string
  /** of the pod */
  name: string
  container: string
  /** why nothing can be run in it; undefined: it runs */
  whyNot: string | undefined
}

/** The container of a pod that an entry names, else its first. */
export function execTarget(pod: RawObject, containerName: string): ExecTarget {
  const { namespace, name, containers } = containersOf(pod)
  const { metadata = {}, status = {} } = pod.json as {
    metadata?: { deletionTimestamp?: string }
    status?: { phase?: string }
  }
  const { phase = 'Unknown' } = status
  const whyNot = phase !== 'Running' ? `it is ${phase}` : metadata.deletionTimestamp ? 'it is being deleted' : undefined
  return { namespace, name, container: containerName || (containers[0] ?? ''), whyNot }
}
